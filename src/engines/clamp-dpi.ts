/** The resolution Tesseract is told: whole, and within what it believes (70 to 2400, publictypes.h). */
export function clampDpi(dpi: number): number {
  return Math.min(2_400, Math.max(70, Math.round(dpi)));
}
