import type { ErrorRecord } from '../core/errors.ts';
import { formatPages } from '../core/format-pages.ts';
import { compareNatural } from '../core/natural-order.ts';
import type { DocumentState, RunState } from '../core/run-state.ts';

/** One reason why a document, or some of its pages, could not be read. */
export interface Failure {
  readonly document: string;
  /** What it cost: `all of it`, `pages 3,7-12 of 40`. */
  readonly extent: string;
  readonly reason: string;
  readonly code: string;
  /** What a person can do about it. */
  readonly help: string;
}

const AGAIN = 'The same command tries it again, and only what failed.';

/** What helps, where the error itself does not say it or not for one who cannot open the file. */
const HELP: Readonly<Record<string, string>> = {
  PDF_ENCRYPTED: 'Ask for a copy without a password, or save one if you know it; put it in place of this one.',
  PAGE_DAMAGED:
    'See whether a PDF viewer shows it. If so, save it anew from there; if not, get the file again or scan the page again.',
  IMAGE_UNREADABLE:
    'See whether a PDF viewer shows it. If so, save it anew from there; if not, get the file again or scan the page again.',
  PAGE_TOO_LARGE: 'Scan the page at a lower resolution, or raise --page-megapixels if there is memory for it.',
  PAGE_MEMORY: 'Raise --page-memory if there is more, or scan the page at a lower resolution.',
  READING_MEMORY: 'Raise --page-memory if there is more, or scan the page at a lower resolution.',
};

/** The code of documents whose pages failed for reasons of their own, which are told instead. */
const PAGES_FAILED = 'PAGES_FAILED';

/** Lists what failed, by document in natural order; pages that failed alike are one entry. */
export function listFailures(state: RunState): Failure[] {
  const documents = [...state.documents.values()].sort((a, b) => compareNatural(a.source.path, b.source.path));
  return documents.flatMap((document) => failuresOf(document));
}

function failuresOf({ source, stage, pageCount, pages, error }: DocumentState): Failure[] {
  const groups = new Map<string, { readonly error: ErrorRecord | undefined; readonly pageNumbers: number[] }>();
  for (const { pageNumber, state, error: pageError } of pages.values()) {
    if (state !== 'failed') continue;
    const code = pageError?.code ?? '';
    const group = groups.get(code) ?? { error: pageError, pageNumbers: [] };
    group.pageNumbers.push(pageNumber);
    groups.set(code, group);
  }
  const failures: Failure[] = [];
  // Its own reason, unless that only sums up those of its pages.
  const ownReason = error?.code !== PAGES_FAILED && !groups.has(error?.code ?? '');
  if (stage === 'failed' && (groups.size === 0 || ownReason)) failures.push(describe(source.path, 'all of it', error));
  for (const { error: pageError, pageNumbers } of groups.values()) {
    failures.push(describe(source.path, extentOf(pageNumbers, pageCount), pageError));
  }
  return failures;
}

function extentOf(pageNumbers: readonly number[], pageCount: number | undefined): string {
  if (pageNumbers.length === pageCount) return 'all of it';
  const noun = pageNumbers.length === 1 ? 'page' : 'pages';
  const whole = pageCount === undefined ? '' : ` of ${pageCount}`;
  return `${noun} ${formatPages(pageNumbers).replaceAll(',', ', ')}${whole}`;
}

function describe(document: string, extent: string, error: ErrorRecord | undefined): Failure {
  const code = error?.code ?? '';
  const help = HELP[code] ?? error?.remedy ?? AGAIN;
  return { document, extent, reason: error?.message ?? 'It could not be read.', code, help };
}
