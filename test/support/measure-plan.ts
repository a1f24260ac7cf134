import { readdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { readPeakMiB } from '../../bench/support/proc.ts';
import { CallCounter } from './count-calls.ts';
import { sharedPagePdf } from './shared-page-pdf.ts';
import type { SlurmLab } from './slurm-lab.ts';
import { SlurmProgram, type Life } from './slurm-program.ts';

/** Slurm's programs that cost its controller something. */
const COUNTED = ['sbatch', 'squeue', 'sacct', 'scontrol', 'sinfo', 'scancel'] as const;
const SAMPLE_MS = 50;
const PAGES_A_DOCUMENT = 100;

/** What it takes to order the reading of very many pages, and to wait for it. */
export interface PlanCost {
  readonly documents: number;
  readonly pages: number;
  /** From the start of `run --detach` to its end: listing, opening, cutting, writing orders, submitting. */
  readonly seconds: number;
  /** Largest resident memory of the coordinator. */
  readonly peakMiB: number;
  /** Files of the run folder, without those of documents. */
  readonly files: number;
  readonly waves: number;
  /** Array tasks of all waves. */
  readonly tasks: number;
  /** Calls of Slurm's programs, by name. */
  readonly calls: Readonly<Record<string, number>>;
  /** Calls of a coordinator that does nothing but wait, and for how long it did. */
  readonly waitingCalls: Readonly<Record<string, number>>;
  readonly waitingSeconds: number;
}

/** Orders the reading of so many documents of 100 pages on a cluster whose nodes are busy, and waits a while for them. */
export async function measurePlan(lab: SlurmLab, documents: number, waitMs: number): Promise<PlanCost> {
  using counter = new CallCounter(COUNTED);
  const pages = Array.from({ length: documents }, () => PAGES_A_DOCUMENT);
  const makePdf = (count: number, number: number): Buffer => sharedPagePdf(number, count);
  await using program = await SlurmProgram.create(lab, {
    pages,
    makePdf,
    args: ['--nodes', '24'],
    env: { PATH: counter.path },
  });
  await lab.call(
    'sbatch',
    '--nodes',
    String(lab.nodes),
    '--exclusive',
    '--time',
    '60',
    '--output',
    '/dev/null',
    '--wrap',
    'sleep 3600',
  );

  const started = performance.now();
  const planning = program.start('--detach');
  const peakMiB = await watchPeak(planning);
  const seconds = (performance.now() - started) / 1_000;
  const { code, stderr } = await planning.ended;
  if (code !== 0) throw new Error(`planning ended with ${code}: ${stderr}`);
  const calls = counter.counts();
  const tasks = await program.openTasks();
  const names = await readdir((await program.runFolder()) ?? '', { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile() && !/\/documents(\/|$)/.test(entry.parentPath)).length;

  const waiting = program.start();
  const waitingStarted = performance.now();
  await sleep(waitMs);
  if (waiting.hasEnded()) throw new Error(`the coordinator did not wait: ${waiting.said()}`);
  const waitingCalls = subtract(counter.counts(), calls);
  const waitingSeconds = (performance.now() - waitingStarted) / 1_000;
  waiting.kill('SIGKILL');
  await waiting.ended;
  const waves = new Set(tasks.map(({ jobName }) => jobName)).size;
  return {
    documents,
    pages: documents * PAGES_A_DOCUMENT,
    seconds,
    peakMiB,
    files,
    waves,
    tasks: tasks.length,
    calls,
    waitingCalls,
    waitingSeconds,
  };
}

async function watchPeak(life: Life): Promise<number> {
  let peakMiB = 0;
  while (!life.hasEnded()) {
    if (life.child.pid !== undefined) peakMiB = Math.max(peakMiB, readPeakMiB(life.child.pid));
    await sleep(SAMPLE_MS);
  }
  return peakMiB;
}

function subtract(
  after: Readonly<Record<string, number>>,
  before: Readonly<Record<string, number>>,
): Record<string, number> {
  return Object.fromEntries(Object.entries(after).map(([name, count]) => [name, count - (before[name] ?? 0)]));
}
