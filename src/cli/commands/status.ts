import { safeJson } from '../../core/safe-json.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { EXIT, type ExitCode, type PipelineError } from '../../core/errors.ts';
import type { RunState } from '../../core/run-state.ts';
import type { Invocation } from '../invocation.ts';
import { findRun } from '../find-run.ts';
import {
  isUnderWay,
  orderRuns,
  renderStatusTable,
  statusOfProgress,
  statusOfState,
  withJobs,
  type RunStatus,
} from '../screens/run-status.ts';
import type { RunEntry } from '../../app/contract.ts';

/** With the heading and a hint they fit on the smallest terminal. */
const NEWEST = 10;
const WATCH_EVERY_MS = 2_000;
/** Erases the screen and goes to its first line (ECMA-48: CUP, ED). */
const CLEAR = '\u001b[H\u001b[2J';

/** `status [run] [--watch] [--json]` */
export async function run(invocation: Invocation): Promise<ExitCode> {
  const { flags, signal, terminal } = invocation;
  const { workDir } = await invocation.loadSettings();
  const ended = new Map<string, RunStatus>();
  const told = new Set<string>();
  const tell = ({ message, code }: PipelineError): void => {
    if (!told.has(message)) terminal.say(`Left out: ${message} [${code}]`);
    told.add(message);
  };
  let shown = '';
  for (;;) {
    const statuses = await readStatuses(invocation, workDir, ended, tell);
    const text = renderStatuses(invocation, statuses.shown, statuses.more, workDir);
    if (text !== shown)
      terminal.print(flags.watch === true && terminal.abilities.redrawOut && flags.json !== true ? CLEAR + text : text);
    shown = text;
    const isOn = statuses.shown.some(({ state }) => ['listing', 'running', 'waiting', 'stopping'].includes(state));
    if (flags.watch !== true || !isOn || signal.aborted) return EXIT.ok;
    // Stopping to watch is no failure of anything.
    await sleep(WATCH_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}

async function readStatuses(
  { app, positionals: [name], flags }: Invocation,
  workDir: string,
  ended: Map<string, RunStatus>,
  tell: (problem: PipelineError) => void,
): Promise<{ readonly shown: readonly RunStatus[]; readonly more: number }> {
  const entries = await app.listRuns(workDir, tell);
  const most = flags.all === true ? entries.length : NEWEST;
  // Ledgers are long: those of old runs are left unread. Any run that is on may come first.
  const isNear = (entry: RunEntry, index: number): boolean => index < most || isUnderWay(entry.progress);
  const chosen = name === undefined ? entries.filter(isNear) : [findRun(entries, name, workDir)];
  const statuses: RunStatus[] = [];
  const jobs = await app.findJobs(chosen);
  for (const entry of chosen) statuses.push(withJobs(await statusOf(entry, ended), jobs.get(entry)));
  const { shown } = orderRuns(statuses, most);
  return { shown, more: name === undefined ? entries.length - shown.length : 0 };
}

async function statusOf(entry: RunEntry, ended: Map<string, RunStatus>): Promise<RunStatus> {
  const { record, progress, folder } = entry;
  const identity = { name: record.name, folder, createdAt: record.createdAt };
  if (isUnderWay(progress)) {
    ended.delete(folder);
    return statusOfProgress(identity, progress, Date.now(), entry.isAlive);
  }
  // Ledgers are long, and that of a run that has ended changes no more.
  const known = ended.get(folder);
  if (known) return known;
  const state: RunState = await entry.readState();
  const status = statusOfState(identity, state);
  ended.set(folder, status);
  return status;
}

function renderStatuses(
  { flags, terminal }: Invocation,
  statuses: readonly RunStatus[],
  more: number,
  workDir: string,
): string {
  if (flags.json === true) return flags.watch === true ? safeJson({ runs: statuses }) : safeJson({ runs: statuses }, 2);
  if (statuses.length > 0) return renderStatusTable(statuses, terminal.columns(), terminal.typed, more);
  return `No runs in ${workDir}.\n${terminal.typed('Next: ocr-pipeline run --input ./scans --output ./text')}`;
}
