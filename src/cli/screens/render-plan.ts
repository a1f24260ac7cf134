import type { PlanEstimate, RunPlan } from '../../core/run-estimate.ts';
import { cleanText, displayWidth, padEnd, padStart, truncateMiddle, wrap } from './display-text.ts';
import { countOf, formatBytes, formatCount, formatDurationRange } from './format-numbers.ts';

const PREFIX = 'PLAN | ';
const LABEL_WIDTH = 11;
/** Complete "2 PDFs: 1 ..."; other codes are told by their own sentence. */
const SHORT_REASONS: Readonly<Record<string, string>> = {
  PDF_ENCRYPTED: 'encrypted',
  PDF_DAMAGED: 'damaged',
  PDF_EMPTY: 'empty',
  PDF_NOT_A_PDF: 'not a PDF inside',
  PDF_NO_PAGES: 'without pages',
};

export interface PlanStyle {
  readonly width: number;
  /** Name every document that cannot be read. */
  readonly verbose: boolean;
  /** The command that carries the plan out. */
  readonly command: string;
}

/** What would be done, for how long and at what cost; its last line is the next command. */
export function renderPlan(plan: RunPlan, { width, verbose, command }: PlanStyle): string {
  const lines: string[] = [];
  const room = width - PREFIX.length;
  const put = (text: string): void => {
    lines.push(...wrap(text, room));
  };
  const add = (label: string, text: string): void => {
    for (const [index, line] of wrap(text, room - LABEL_WIDTH).entries()) {
      lines.push(padEnd(index === 0 ? label : '', LABEL_WIDTH) + line);
    }
  };
  put(headline(plan));
  const { toDo, alreadyDone, scratch, outputs } = plan;
  add(
    'To do',
    `${countOf(toDo.documents, 'PDF')}, ${toDo.notOpened > 0 ? 'about ' : ''}${countOf(toDo.pages, 'page')}, ${formatBytes(toDo.sizeBytes)}`,
  );
  if (toDo.notOpened > 0)
    add(
      '',
      `${countOf(toDo.notOpened, 'PDF')} not opened: taken to be like the others; some may turn out to be damaged or locked`,
    );
  if (alreadyDone.documents > 0)
    add('Done', `${countOf(alreadyDone.documents, 'PDF')}, ${countOf(alreadyDone.pages, 'page')} by an earlier run`);
  for (const skip of plan.skips) {
    const what = skip.documents > 0 ? countOf(skip.documents, 'PDF') : countOf(skip.pages, 'page');
    add('Skip', `${what} ${cleanText(skip.reason)}${skip.hint === undefined ? '' : `     (${skip.hint})`}`);
  }
  for (const { reason, entries, paths = [] } of plan.leftOut) {
    const hint = verbose || paths.length === 0 ? '' : '     (plan -v names them)';
    add('Left out', `${countOf(entries, 'entry', 'entries')}: ${cleanText(reason)}${hint}`);
    if (verbose) for (const path of paths) add('', truncateMiddle(cleanText(path), room - LABEL_WIDTH));
  }
  if (plan.failures.length > 0) add('Cannot', cannotText(plan, verbose));
  if (verbose)
    for (const { path, reason, code } of plan.failures)
      add('', `${truncateMiddle(cleanText(path), room - LABEL_WIDTH)}  ${cleanText(reason)} [${code}]`);
  const files = outputs.formats.map((format) => `${formatCount(outputs.perFormat)} .${format}`).join(', ');
  add('Output', `${cleanText(plan.destination)}   ${files}; ${countOf(outputs.namesTaken, 'name')} taken`);
  addOutputs(add, plan, verbose);
  const free = scratch.freeBytes === undefined ? '' : ` (${formatBytes(scratch.freeBytes)} free)`;
  add('Needs', `${formatBytes(scratch.neededBytes)} in the work folder${free}`);
  lines.push(...estimateRows(plan.estimates));
  if (plan.samplePages > 0) add('Measured', `on ${countOf(plan.samplePages, 'sample page')}`);
  for (const { path, pageNumber, text } of plan.samples ?? [])
    add('Sample', `${cleanText(text)}  (${truncateMiddle(cleanText(path), 30)} p.${pageNumber})`);
  if (plan.language !== undefined) add('Look at', `The sample ${plan.language}. Is --lang right?`);
  for (const note of plan.notes) add('Note', cleanText(note));
  const last = `Nothing was changed. To go on:  ${command}`;
  // A command is not broken, so that it can be copied, even where it is longer than a line.
  lines.push(...(displayWidth(last) <= room ? [last] : ['Nothing was changed. To go on:', `  ${command}`]));
  return lines.map((line) => (PREFIX + line).trimEnd()).join('\n');
}

/** What of the results needs a thought: names that are taken, and too little room. */
function addOutputs(add: (label: string, text: string) => void, { outputs }: RunPlan, verbose: boolean): void {
  const { taken = [], namesTaken, neededBytes, freeBytes } = outputs;
  const named = verbose ? taken : taken.slice(0, 3);
  if (named.length > 0) {
    const more = namesTaken > named.length ? ` and ${formatCount(namesTaken - named.length)} more` : '';
    add('Taken', `${named.map((path) => cleanText(path)).join(', ')}${more}`);
    add('', 'Not touched if not of this program: add --on-conflict rename, version or skip');
  }
  if (neededBytes !== undefined && freeBytes !== undefined) {
    const text = `about ${formatBytes(neededBytes)} for the results (${formatBytes(freeBytes)} free there)`;
    add('Room', text);
    if (neededBytes > freeBytes) add('Look at', 'There is too little room for the results: another --output');
  }
}

function headline({ source }: RunPlan): string {
  const id = source.id === undefined ? '' : ` (${source.id})`;
  const deep =
    source.foldersDeep === undefined || source.foldersDeep < 1 ? '' : `, ${countOf(source.foldersDeep, 'folder')} deep`;
  return `"${cleanText(source.name)}"${id}${deep}`;
}

function cannotText({ failures }: RunPlan, verbose: boolean): string {
  const counts = new Map<string, number>();
  for (const { code, reason } of failures) {
    const kind = SHORT_REASONS[code] ?? reason;
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  const reasons = [...counts].map(([reason, count]) => `${formatCount(count)} ${cleanText(reason)}`).join(', ');
  return `${countOf(failures.length, 'PDF')}: ${reasons}${verbose ? '' : '     (plan -v names them)'}`;
}

function estimateRows(estimates: readonly PlanEstimate[]): string[] {
  const header = `${padEnd('WHERE', 26)}${padStart('CORES', 6)}    ${padEnd('TIME', 14)}COST`;
  const rows = estimates.map(({ where, cores, seconds, cost, suggested }) => {
    const time = seconds === undefined ? 'unknown' : formatDurationRange(seconds);
    const price = cost === undefined ? '-' : `${formatCostRange(cost.low, cost.high)} ${cost.unit}`;
    const mark = suggested && estimates.length > 1 ? '  <- suggested' : '';
    return `${padEnd(truncateMiddle(cleanText(where), 25), 26)}${padStart(formatCount(cores), 6)}    ${padEnd(time, 14)}${price}${mark}`;
  });
  return [header, ...rows];
}

/** Whole units from ten on; below, as many digits as tell the two apart. */
function formatCostRange(low: number, high: number): string {
  if (high >= 10) return `${formatCount(Math.floor(low))}-${formatCount(Math.ceil(high))}`;
  const digits = high >= 1 ? 1 : 2;
  const step = 10 ** digits;
  return `${(Math.floor(low * step) / step).toFixed(digits)}-${(Math.ceil(high * step) / step).toFixed(digits)}`;
}
