import { pathToFileURL } from 'node:url';
import type { DeliveredOutput } from '../core/ledger.ts';
import type { DocumentState } from '../core/run-state.ts';
import { judgeDocument, type DocumentVerdict } from '../core/verdict.ts';
import { plural } from './tables.ts';

/** A document as the report's table shows it; null where a number is not known. */
export interface DocumentRow {
  readonly name: string;
  /** `complete`, `damaged` (all read, but of a damaged file), `failed`, `waiting`, `being read`. */
  readonly state: string;
  readonly pages: number | null;
  readonly failedPages: number;
  readonly faintPages: number;
  /** Mean over its pages that were read, 0 to 100. */
  readonly confidence: number | null;
  readonly words: number;
  /** The language it reads like, as a Tesseract code; empty where its words do not tell. */
  readonly language: string;
  /** Why a person should look at it; empty where there is no reason. */
  readonly look: string;
  readonly outputs: readonly DeliveredOutput[];
}

const STATES: Readonly<Record<DocumentVerdict['end'], string>> = {
  complete: 'complete',
  damaged: 'damaged',
  'pages-failed': 'failed',
  failed: 'failed',
  waiting: 'waiting',
};

/** Sums up a document's pages in one row. Pure. */
export function documentRow(document: DocumentState): DocumentRow {
  const { source, stage, pageCount, pages, outputs } = document;
  const { end, faintPages, failedPages, language, damage } = judgeDocument(document);
  let [sum, read, words] = [0, 0, 0];
  for (const { state, confidence, wordCount } of pages.values()) {
    words += wordCount;
    if (state !== 'done' || confidence === null) continue;
    sum += confidence;
    read++;
  }
  const reasons = [
    language ?? '',
    damage ?? '',
    failedPages.length > 0 ? plural(failedPages.length, 'failed page') : '',
    faintPages.length > 0 ? plural(faintPages.length, 'faint page') : '',
  ];
  return {
    name: source.path,
    state: stage === 'reading' ? 'being read' : STATES[end],
    pages: pageCount ?? null,
    failedPages: failedPages.length,
    faintPages: faintPages.length,
    confidence: read === 0 ? null : Math.round(sum / read),
    words,
    language: document.language?.readsLike ?? '',
    look: reasons.filter((reason) => reason !== '').join('; '),
    outputs,
  };
}

/** An address that opens an output: its own link, or the file on this computer. */
export function addressOf({ id, link }: Pick<DeliveredOutput, 'id' | 'link'>): string | undefined {
  if (link !== undefined) return /^https?:\/\//.test(link) ? link : undefined;
  return id.startsWith('/') ? pathToFileURL(id).href : undefined;
}

/** Opens a page in the document's PDF: the searchable one where there is one, else the scan on this computer. */
export function pageAddress({ source, outputs }: DocumentState, pageNumber: number): string | undefined {
  const pdf = outputs.find(({ format }) => format === 'pdf');
  const address = addressOf(pdf ?? { id: source.id });
  // Viewers take the fragment (RFC 8118); on Box's own page it does nothing.
  return address === undefined ? undefined : `${address}#page=${pageNumber}`;
}
