import { compareNatural } from '../../core/natural-order.ts';
import { describeChange } from '../../core/compare-listings.ts';
import type { DocumentState, RunState } from '../../core/run-state.ts';
import type { OutputFormat } from '../../core/settings.ts';
import { judgeRun, type Verdict } from '../../core/verdict.ts';

/** What became of a run, ready to be told. */
export interface RunSummary extends Verdict {
  /** Over pages that were read; absent when there are none. */
  readonly confidence?: { readonly median: number } | undefined;
  readonly outputs: readonly { readonly format: OutputFormat; readonly files: number }[];
  /** Documents whose source is no longer what was read, and what that means. */
  readonly changed: readonly { readonly path: string; readonly text: string }[];
  /** Documents that came into the source meanwhile. */
  readonly added: number;
  /** The folder that results went to, where it has an address. */
  readonly placed?: RunState['placed'];
  /** By reason, the most frequent first. */
  readonly leftOut: readonly { readonly code: string; readonly reason: string; readonly paths: readonly string[] }[];
}

/** Draws the summary from a run's state. Pure; documents come in natural order of their paths. */
export function summarizeRun(state: RunState): RunSummary {
  const documents = [...state.documents.values()].sort((a, b) => compareNatural(a.source.path, b.source.path));
  return {
    ...judgeRun(state),
    confidence: confidenceOf(documents),
    outputs: countOutputs(documents),
    changed: changedOf(documents, state),
    added: state.meanwhile?.added ?? 0,
    placed: state.placed,
    leftOut: groupLeftOut(state),
  };
}

function confidenceOf(documents: readonly DocumentState[]): RunSummary['confidence'] {
  const values: number[] = [];
  for (const { pages } of documents) {
    for (const { state, confidence } of pages.values())
      if (state === 'done' && confidence !== null) values.push(confidence);
  }
  values.sort((a, b) => a - b);
  const median = values[Math.floor(values.length / 2)];
  return median === undefined ? undefined : { median: Math.round(median) };
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
