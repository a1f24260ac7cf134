import { describeDamage, isDamaged } from './describe-damage.ts';
import { EXIT, type ExitCode } from './errors.ts';
import { isFaint } from './faint-page.ts';
import { describeLanguage } from './guess-language.ts';
import type { PageOutcome } from './ledger.ts';
import { compareNatural } from './natural-order.ts';
import { countRun, type DocumentState, type RunCounts, type RunState } from './run-state.ts';

/** A document a person should look at, and why. */
export interface AttentionItem {
  /** Two documents may have one path. */
  readonly id: string;
  readonly path: string;
  readonly faintPages: readonly number[];
  readonly failedPages: readonly number[];
  /** `reads like German; you gave eng`, where it was read as another language. */
  readonly language?: string | undefined;
  /** What of it is damaged, and what is known to be lost. */
  readonly damage?: string | undefined;
  /** The first failed page's reason. */
  readonly problem?: { readonly code: string; readonly message: string } | undefined;
}

/** A document that is not done, and why. */
export interface FailedDocument {
  readonly id: string;
  readonly path: string;
  readonly code: string;
  readonly message: string;
}

/** What became of one document. Page numbers ascend. */
export interface DocumentVerdict {
  /**
   * `complete`: every page is read, blank or kept, of a file that is sound. `damaged`: the same, of a file that was repaired or
   * holds damaged parts. `pages-failed`: delivered without some pages. `waiting`: not at its end.
   */
  readonly end: 'complete' | 'damaged' | 'pages-failed' | 'failed' | 'waiting';
  readonly faintPages: readonly number[];
  readonly failedPages: readonly number[];
  /** `reads like German; you gave eng`, where it was read as another language. */
  readonly language: string | undefined;
  /** What of it is damaged, and what is known to be lost. */
  readonly damage: string | undefined;
}

/** What became of a run. Lists are in natural order of paths. */
export interface Verdict {
  readonly counts: RunCounts;
  /** Documents that are done with every page read, blank or kept, of a file that is sound. */
  readonly complete: number;
  /** Documents that are done with every page read, of a file that was repaired or holds damaged parts. */
  readonly damaged: number;
  /** Documents that are done and want a person's eyes. */
  readonly lookAt: readonly AttentionItem[];
  readonly failed: readonly FailedDocument[];
  /** The last session came to the end of its work: what is not done has failed. */
  readonly isFinished: boolean;
  /** Of a run that came to its end: 0; 74 where all that failed is that results could not be put down; else 65. */
  readonly exitCode: ExitCode;
}

/**
 * Decides what failed, what needs eyes and which exit code a run has, for all that tell of it: the terminal, JSON, the report,
 * `status` and the ledger.
 */
export function judgeRun(state: RunState): Verdict {
  const documents = [...state.documents.values()].sort((a, b) => compareNatural(a.source.path, b.source.path));
  const counts = countRun(state);
  const session = state.sessions.at(-1);
  const judged = documents.map((document) => ({ document, verdict: judgeDocument(document) }));
  const countEnds = (end: DocumentVerdict['end']): number => judged.filter(({ verdict }) => verdict.end === end).length;
  return {
    counts,
    complete: countEnds('complete'),
    damaged: countEnds('damaged'),
    lookAt: judged.flatMap(({ document, verdict }) => attentionItem(document, verdict) ?? []),
    failed: documents.flatMap(({ stage, source: { id, path }, error }) =>
      stage === 'failed'
        ? [{ id, path, code: error?.code ?? 'UNKNOWN', message: error?.message ?? 'no reason was kept' }]
        : [],
    ),
    isFinished:
      session?.endedAt !== undefined && session.error === undefined && state.listed && counts.documents.waiting === 0,
    exitCode: exitCodeOf(documents),
  };
}

function exitCodeOf(documents: readonly DocumentState[]): ExitCode {
  const bad = documents.filter(({ stage, pages }) => stage === 'failed' || hasFailedPages(pages));
  if (bad.length === 0) return EXIT.ok;
  const onlyResults = bad.every(({ error, pages }) => error?.family === 'OutputError' && !hasFailedPages(pages));
  return onlyResults ? EXIT.output : EXIT.someFailed;
}

function hasFailedPages(pages: DocumentState['pages']): boolean {
  return [...pages.values()].some(({ state }) => state === 'failed');
}

/** Decides how one document ended, and what of it needs eyes. */
export function judgeDocument(document: DocumentState): DocumentVerdict {
  const pages = [...document.pages.values()].sort((a, b) => a.pageNumber - b.pageNumber);
  const failedPages = numbersOf(pages.filter(({ state }) => state === 'failed'));
  return {
    end: endOf(document, failedPages.length),
    failedPages,
    faintPages: numbersOf(pages.filter(({ state, confidence }) => state === 'done' && isFaint(confidence))),
    language: describeLanguage(document.language),
    damage: describeDamage(document),
  };
}

function numbersOf(pages: readonly PageOutcome[]): number[] {
  return pages.map(({ pageNumber }) => pageNumber);
}

function endOf(document: DocumentState, failedPages: number): DocumentVerdict['end'] {
  if (document.stage === 'failed') return 'failed';
  if (document.stage !== 'done') return 'waiting';
  if (failedPages > 0) return 'pages-failed';
  return isDamaged(document) ? 'damaged' : 'complete';
}

/** Whether a person should look at a document: pages of it are faint or failed, it is damaged, or in another language than asked for. */
export function wantsEyes({
  pages,
  language,
  ...damage
}: Pick<DocumentState, 'pages' | 'language' | 'repaired' | 'damage'>): boolean {
  if (isDamaged(damage) || describeLanguage(language) !== undefined) return true;
  return [...pages.values()].some(
    ({ state, confidence }) => state === 'failed' || (state === 'done' && isFaint(confidence)),
  );
}

function attentionItem(document: DocumentState, verdict: DocumentVerdict): AttentionItem | undefined {
  const { source, pages } = document;
  const { end, faintPages, failedPages, language, damage } = verdict;
  // A failed document is told with its own reason.
  if (end === 'failed' || !wantsEyes(document)) return undefined;
  const error = pages.get(failedPages[0] ?? 0)?.error;
  return {
    id: source.id,
    path: source.path,
    faintPages,
    failedPages,
    language,
    damage,
    problem: error && { code: error.code, message: error.message },
  };
}
