/**
 * Below this mean confidence (0-100) a page is faint: kept, marked, counted and shown to a person. The one such line:
 * docs/decisions/faint-pages.md.
 */
export const FAINT_CONFIDENCE = 60;

/** Whether a page that was read with this mean confidence needs eyes; where there is none, nothing was read. */
export function isFaint(confidence: number | null | undefined): boolean {
  return typeof confidence === 'number' && confidence < FAINT_CONFIDENCE;
}
