import { describeDamage, isDamaged } from './describe-damage.ts';
import { EXIT, type ExitCode } from './errors.ts';
import { describeLanguage } from './guess-language.ts';
import { compareNatural } from './natural-order.ts';
import { countRun, FAINT_CONFIDENCE, type DocumentState, type RunCounts, type RunState } from './run-state.ts';

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
  const read = documents.filter(({ stage, pages }) => stage === 'done' && !hasFailedPages(pages));
  const damaged = read.filter(isDamaged).length;
  return {
    counts,
    complete: read.length - damaged,
    damaged,
    lookAt: documents.flatMap((document) => attentionItem(document) ?? []),
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
  return [...pages.values()].some(([, state]) => state === 'failed');
}

function attentionItem(document: DocumentState): AttentionItem | undefined {
  const { source, stage, pages, language: read } = document;
  // A failed document is told with its own reason.
  if (stage === 'failed') return undefined;
  const entries = [...pages.values()].sort((a, b) => a[0] - b[0]);
  const failedPages = entries.filter(([, state]) => state === 'failed');
  const faintPages = entries.filter(
    ([, state, confidence]) => state === 'done' && confidence !== null && confidence < FAINT_CONFIDENCE,
  );
  const language = describeLanguage(read);
  const damage = describeDamage(document);
  if (failedPages.length + faintPages.length === 0 && language === undefined && damage === undefined) return undefined;
  const error = failedPages[0]?.[4];
  return {
    id: source.id,
    path: source.path,
    faintPages: faintPages.map(([page]) => page),
    failedPages: failedPages.map(([page]) => page),
    language,
    damage,
    problem: error && { code: error.code, message: error.message },
  };
}
