import { compareNatural } from '../core/natural-order.ts';
import { FAINT_CONFIDENCE, type RunState } from '../core/run-state.ts';
import { pageAddress } from './document-rows.ts';

/** Pages that are shown with a picture; all faint pages are named. */
export const SHOWN_PAGES = 60;

/** A page that was read with little confidence. */
export interface FaintPage {
  readonly document: string;
  readonly sha1: string | undefined;
  readonly pageNumber: number;
  readonly confidence: number;
}

/** A document with faint pages. */
export interface FaintDocument {
  readonly document: string;
  readonly pageNumbers: readonly number[];
  /** The lowest of its pages. */
  readonly confidence: number;
  /** Opens its faintest page, where there is an address. */
  readonly address: string | undefined;
  /** It failed too, wholly or in part, and is told among those that did. */
  readonly failed: boolean;
}

export interface LookAt {
  /** The faintest first, at most {@link SHOWN_PAGES}. */
  readonly pages: readonly FaintPage[];
  /** All documents with faint pages, in natural order. */
  readonly documents: readonly FaintDocument[];
  /** All faint pages. */
  readonly total: number;
}

/** Chooses what a person should compare with the scan: pages that were read, but faintly. */
export function chooseFaintPages(state: RunState): LookAt {
  const faint: FaintPage[] = [];
  const documents: FaintDocument[] = [];
  for (const document of state.documents.values()) {
    const { source, sha1, stage, pages } = document;
    const ofDocument = [...pages.values()].flatMap(([pageNumber, end, confidence]): FaintPage[] =>
      end === 'done' && confidence !== null && confidence < FAINT_CONFIDENCE
        ? [{ document: source.path, sha1, pageNumber, confidence }]
        : [],
    );
    if (ofDocument.length === 0) continue;
    for (const page of ofDocument) faint.push(page);
    const least = ofDocument.reduce((a, b) => (b.confidence < a.confidence ? b : a));
    documents.push({
      document: source.path,
      pageNumbers: ofDocument.map(({ pageNumber }) => pageNumber),
      confidence: least.confidence,
      address: pageAddress(document, least.pageNumber),
      failed: stage === 'failed',
    });
  }
  documents.sort((a, b) => compareNatural(a.document, b.document));
  faint.sort(
    (a, b) => a.confidence - b.confidence || compareNatural(a.document, b.document) || a.pageNumber - b.pageNumber,
  );
  return { pages: faint.slice(0, SHOWN_PAGES), documents, total: faint.length };
}
