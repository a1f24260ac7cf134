/** The program of a page worker: answers one request at a time until its owner goes away. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { asPipelineError, DocumentError, PageError, type PipelineError } from '../core/errors.ts';
import { answerCalls } from '../work/answer-calls.ts';
import type { FromWorker, ToWorker, WorkerCall, WorkerSetup } from '../work/protocol.ts';
import { workerParts } from './wiring.ts';

/** How long work whose page was given up may take to settle. */
const SETTLE_MS = 2_000;

const setup = JSON.parse(process.argv[2] ?? '{}') as WorkerSetup;

/**
 * Ends this process when its owner has died, also while a hostile page keeps the main thread busy: then the kernel gives
 * it another parent, and `disconnect` is never heard.
 */
const watch = new Worker(
  `const parent = ${process.ppid};
   setInterval(() => { if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL'); }, 1000);`,
  { eval: true, execArgv: [], resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 2 } },
);
watch.unref();

function tell(message: FromWorker): void {
  if (process.connected) process.send?.(message);
}

const answer = answerCalls(setup, workerParts, (step) => tell({ type: 'step', step }));

// Its owner has died, and nobody reads what it says: `disconnect` ends it, and this must not keep it busy till then.
process.stderr.on('error', () => undefined);

process.on('disconnect', () => {
  answer.close().then(
    () => process.exit(0),
    () => process.exit(1),
  );
});

/** The request in hand, and what a library threw meanwhile with nobody to catch it. */
let inHand: { readonly threw: PromiseWithResolvers<never>; lateError?: unknown } | undefined;

/** A library's promise that nobody waits for, or a throw from a timer: the page in hand is damaged, not this worker. */
function takeLateError(error: unknown): void {
  if (!process.connected) process.exit(1);
  if (!inHand) {
    process.stderr.write(`thrown while idle: ${error instanceof Error ? error.message : String(error)}\n`);
    return;
  }
  inHand.lateError ??= error;
  inHand.threw.reject(error);
}
process.on('unhandledRejection', takeLateError);
process.on('uncaughtException', takeLateError);

async function answerOne({ id, call, request }: ToWorker): Promise<void> {
  const mine: NonNullable<typeof inHand> = { threw: Promise.withResolvers<never>() };
  mine.threw.promise.catch(() => undefined);
  inHand = mine;
  const work = answer.call(call, request);
  try {
    const result = await Promise.race([work, mine.threw.promise]);
    tell({ type: 'answer', id, answer: result });
  } catch (error) {
    const isLate = mine.lateError !== undefined && error === mine.lateError;
    tell({ type: 'error', id, error: (isLate ? damagedBy(error, call, request) : asPipelineError(error)).toRecord() });
    // What goes on without an end would be in the way of the next request: this worker is replaced.
    if (isLate && !(await settlesSoon(work))) process.exit(1);
    if (isLate) await answer.forgetDocument().catch(() => process.exit(1));
  } finally {
    inHand = undefined;
  }
}

function damagedBy(error: unknown, call: WorkerCall, request: unknown): PipelineError {
  const why = error instanceof Error ? error.message : String(error);
  const advice = { why, safe: 'The other pages go on.' };
  const { pageNumber } = request as { readonly pageNumber?: number };
  return call === 'read' || call === 'readImage' || call === 'rasterize'
    ? new PageError('PAGE_DAMAGED', `Page ${pageNumber ?? 1} cannot be read: its content is damaged.`, advice)
    : new DocumentError('PDF_DAMAGED', 'The PDF is damaged.', { ...advice, safe: 'The other documents go on.' });
}

function settlesSoon(work: Promise<unknown>): Promise<boolean> {
  const settled = work.then(
    () => true,
    () => true,
  );
  return Promise.race([settled, sleep(SETTLE_MS, false)]);
}

/** Requests come one at a time; one that came while a late error is tidied up waits. */
let turn = Promise.resolve();
process.on('message', (message: ToWorker) => {
  turn = turn.then(() => answerOne(message));
});

tell({ type: 'ready' });
