import { compareNatural } from '../core/natural-order.ts';
import type { RunState } from '../core/run-state.ts';
import { judgeDocument } from '../core/verdict.ts';
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
}

export interface Attention {
  /** The faintest first, at most {@link SHOWN_PAGES}. */
  readonly pages: readonly FaintPage[];
  /** All documents with faint pages, in natural order. */
  readonly documents: readonly FaintDocument[];
  /** All faint pages. */
  readonly total: number;
  /** Documents of damaged files, in natural order: what is damaged, and what is known to be lost. */
  readonly damaged: readonly { readonly document: string; readonly text: string }[];
  /** Documents that were read as another language than theirs, in natural order. */
  readonly languages: readonly {
    readonly document: string;
    /** `reads like German; you gave eng`. */ readonly text: string;
  }[];
}

/** Chooses what a person should compare with the scan: pages that were read, but faintly. */
export function chooseFaintPages(state: RunState): Attention {
  const faint: FaintPage[] = [];
  const documents: FaintDocument[] = [];
  const damaged: { document: string; text: string }[] = [];
  const languages: { document: string; text: string }[] = [];
  for (const document of state.documents.values()) {
    const { source, sha1, pages } = document;
    const { end, language, damage, faintPages } = judgeDocument(document);
    // A failed document is told with its own reason.
    if (damage !== undefined && end !== 'failed') damaged.push({ document: source.path, text: damage });
    if (language !== undefined) languages.push({ document: source.path, text: language });
    const ofDocument = faintPages.map((pageNumber): FaintPage => {
      const confidence = pages.get(pageNumber)?.confidence ?? 0;
      return { document: source.path, sha1, pageNumber, confidence };
    });
    if (ofDocument.length === 0) continue;
    for (const page of ofDocument) faint.push(page);
    const least = ofDocument.reduce((a, b) => (b.confidence < a.confidence ? b : a));
    documents.push({
      document: source.path,
      pageNumbers: faintPages,
      confidence: least.confidence,
      address: pageAddress(document, least.pageNumber),
    });
  }
  damaged.sort((a, b) => compareNatural(a.document, b.document));
  languages.sort((a, b) => compareNatural(a.document, b.document));
  documents.sort((a, b) => compareNatural(a.document, b.document));
  faint.sort(
    (a, b) => a.confidence - b.confidence || compareNatural(a.document, b.document) || a.pageNumber - b.pageNumber,
  );
  return { pages: faint.slice(0, SHOWN_PAGES), documents, total: faint.length, damaged, languages };
}
