/** Follows hOCR as it comes, piece by piece, and tells when a page is whole: when its outermost division is closed. */
export class PageDivisions {
  #rest = '';
  #depth = 0;

  /** Takes the next piece. True where it holds the end of a page. */
  take(piece: Buffer): boolean {
    // Tags are ASCII: one character a byte keeps a letter that is cut in two from mattering.
    const text = this.#rest + piece.toString('latin1');
    let isWhole = false;
    // Text and attributes never hold a bare `<`.
    for (const [, slash] of text.matchAll(/<(\/?)div\b[^>]*>/g)) {
      this.#depth += slash === '' ? 1 : -1;
      if (this.#depth === 0) isWhole = true;
    }
    const open = text.lastIndexOf('<');
    this.#rest = open > text.lastIndexOf('>') ? text.slice(open) : '';
    return isWhole;
  }
}
