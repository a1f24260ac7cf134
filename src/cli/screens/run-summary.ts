import { EXIT, type ExitCode } from '../../core/errors.ts';
import { describeLanguage } from '../../core/guess-language.ts';
import { compareNatural } from '../../core/natural-order.ts';
import { describeChange } from '../../core/compare-listings.ts';
import { countRun, FAINT_CONFIDENCE, type DocumentState, type RunCounts, type RunState } from '../../core/run-state.ts';
import type { OutputFormat } from '../../core/settings.ts';

/** Pages under this mean confidence are counted in the summary; well above those that are called faint. */
export const LOW_CONFIDENCE = 70;

/** A document a person should look at, and why. */
export interface AttentionItem {
  readonly path: string;
  readonly faintPages: readonly number[];
  readonly failedPages: readonly number[];
  /** `reads like German; you gave eng`, where it was read as another language. */
  readonly language?: string | undefined;
  /** The first failed page's reason. */
  readonly problem?: { readonly code: string; readonly message: string } | undefined;
}

/** What became of a run, ready to be told. */
export interface RunSummary {
  readonly counts: RunCounts;
  /** Documents that are done with every page read, blank or kept. */
  readonly complete: number;
  /** Over pages that were read; absent when there are none. */
  readonly confidence?: { readonly median: number; readonly lowPages: number } | undefined;
  readonly outputs: readonly { readonly format: OutputFormat; readonly files: number }[];
  readonly lookAt: readonly AttentionItem[];
  readonly failed: readonly { readonly path: string; readonly code: string; readonly message: string }[];
  /** Documents whose source is no longer what was read, and what that means. */
  readonly changed: readonly { readonly path: string; readonly text: string }[];
  /** Documents that came into the source meanwhile. */
  readonly added: number;
  /** The folder that results went to, where it has an address. */
  readonly placed?: RunState['placed'];
  /** By reason, the most frequent first. */
  readonly leftOut: readonly { readonly code: string; readonly reason: string; readonly paths: readonly string[] }[];
  readonly exitCode: ExitCode;
}

/** Draws the summary from a run's state. Pure; documents come in natural order of their paths. */
export function summarizeRun(state: RunState): RunSummary {
  const documents = [...state.documents.values()].sort((a, b) => compareNatural(a.source.path, b.source.path));
  const counts = countRun(state);
  const lookAt = documents.flatMap((document) => attentionItem(document) ?? []);
  const failed = documents.flatMap(({ stage, source, error }) =>
    stage === 'failed'
      ? [{ path: source.path, code: error?.code ?? 'UNKNOWN', message: error?.message ?? 'no reason was kept' }]
      : [],
  );
  const complete = documents.filter(
    ({ stage, pages }) => stage === 'done' && ![...pages.values()].some(([, page]) => page === 'failed'),
  ).length;
  const isWhole = counts.documents.failed === 0 && counts.pages.failed === 0;
  return {
    counts,
    complete,
    confidence: confidenceOf(documents),
    outputs: countOutputs(documents),
    lookAt,
    failed,
    changed: changedOf(documents, state),
    added: state.meanwhile?.added ?? 0,
    placed: state.placed,
    leftOut: groupLeftOut(state),
    exitCode: isWhole ? EXIT.ok : EXIT.someFailed,
  };
}

function attentionItem({ source, stage, pages, language: read }: DocumentState): AttentionItem | undefined {
  // A failed document is told with its own reason.
  if (stage === 'failed') return undefined;
  const entries = [...pages.values()].sort((a, b) => a[0] - b[0]);
  const failedPages = entries.filter(([, state]) => state === 'failed');
  const faintPages = entries.filter(
    ([, state, confidence]) => state === 'done' && confidence !== null && confidence < FAINT_CONFIDENCE,
  );
  const language = describeLanguage(read);
  if (failedPages.length + faintPages.length === 0 && language === undefined) return undefined;
  const error = failedPages[0]?.[4];
  return {
    path: source.path,
    faintPages: faintPages.map(([page]) => page),
    failedPages: failedPages.map(([page]) => page),
    language,
    problem: error && { code: error.code, message: error.message },
  };
}

function confidenceOf(documents: readonly DocumentState[]): RunSummary['confidence'] {
  const values: number[] = [];
  for (const { pages } of documents) {
    for (const [, state, confidence] of pages.values())
      if (state === 'done' && confidence !== null) values.push(confidence);
  }
  values.sort((a, b) => a - b);
  const median = values[Math.floor(values.length / 2)];
  return median === undefined
    ? undefined
    : { median: Math.round(median), lowPages: values.filter((value) => value < LOW_CONFIDENCE).length };
}

/** A document that failed is told with its own reason. */
function changedOf(documents: readonly DocumentState[], { meanwhile }: RunState): RunSummary['changed'] {
  return documents.flatMap(({ source, stage }) => {
    const change = meanwhile?.changes.get(source.id);
    return change === undefined || stage === 'failed' ? [] : [{ path: source.path, text: describeChange(change) }];
  });
}

function countOutputs(documents: readonly DocumentState[]): RunSummary['outputs'] {
  const files = new Map<OutputFormat, number>();
  for (const { outputs } of documents) {
    for (const { format, outcome } of outputs)
      if (outcome !== 'skipped') files.set(format, (files.get(format) ?? 0) + 1);
  }
  return [...files].map(([format, count]) => ({ format, files: count }));
}

function groupLeftOut({ leftOut }: RunState): RunSummary['leftOut'] {
  const groups = new Map<string, { code: string; reason: string; paths: string[] }>();
  for (const { code, reason, path } of leftOut) {
    const group = groups.get(code) ?? { code, reason, paths: [] };
    group.paths.push(path);
    groups.set(code, group);
  }
  for (const { paths } of groups.values()) paths.sort(compareNatural);
  return [...groups.values()].sort((a, b) => b.paths.length - a.paths.length || (a.code < b.code ? -1 : 1));
}
