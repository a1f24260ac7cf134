import { FAINT_CONFIDENCE, type RunState } from '../core/run-state.ts';

/** Pages that are shown with a picture; the tables name all documents. */
export const SHOWN_PAGES = 60;

/** A page a person should look at, and why. */
export interface PageToLookAt {
  readonly document: string;
  readonly sha1: string | undefined;
  readonly pageNumber: number;
  readonly reason: string;
  /** What may help; a command where there is one. */
  readonly help: string;
}

/** Chooses what a person should look at: failed pages first, then the faintest, at most {@link SHOWN_PAGES}; and how many there are. */
export function chooseLookAt(state: RunState): { readonly pages: readonly PageToLookAt[]; readonly total: number } {
  const failed: PageToLookAt[] = [];
  const faint: (PageToLookAt & { readonly confidence: number })[] = [];
  for (const { source, sha1, pages } of state.documents.values()) {
    for (const [pageNumber, pageState, confidence, , error] of pages.values()) {
      const place = { document: source.path, sha1, pageNumber };
      if (pageState === 'failed') {
        failed.push({ ...place, reason: error?.message ?? 'It could not be read.', help: 'The same command tries it again.' });
      } else if (confidence !== null && confidence < FAINT_CONFIDENCE) {
        const reason = `Faint: confidence ${Math.round(confidence)} of 100.`;
        faint.push({ ...place, confidence, reason, help: 'Compare the text with the page; perhaps another --lang fits, or a new scan.' });
      }
    }
  }
  faint.sort((a, b) => a.confidence - b.confidence);
  return { pages: [...failed, ...faint].slice(0, SHOWN_PAGES), total: failed.length + faint.length };
}
