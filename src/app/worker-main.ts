/** The program of a page worker: answers one request at a time until its owner goes away. */
import { Worker } from 'node:worker_threads';
import { answerCalls } from '../work/answer-calls.ts';
import { CallServer } from '../work/call-server.ts';
import type { FromWorker, ToWorker, WorkerSetup } from '../work/protocol.ts';
import { workerParts } from './wiring.ts';

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

const answer = answerCalls(setup, workerParts, (step) => {
  server.enter(step);
  tell({ type: 'step', step });
});
const server = new CallServer(answer, tell, () => process.exit(1));

// Its owner has died, and nobody reads what it says: `disconnect` ends it, and this must not keep it busy till then.
process.stderr.on('error', () => undefined);

/** How long what is under way may take to be given up, once nobody waits for it. */
const CLOSE_MS = 3_000;

/**
 * Ends this process at once. `process.exit` would stop the watch, then wait for reads that are under way: one of a named
 * pipe, or of a disk that is away, may never end.
 */
function end(): void {
  process.kill(process.pid, 'SIGKILL');
}

process.on('disconnect', () => {
  setTimeout(end, CLOSE_MS);
  answer.close().then(end, end);
});

function takeLateError(error: unknown): void {
  if (!process.connected) process.exit(1);
  server.takeLateError(error);
}
process.on('unhandledRejection', takeLateError);
process.on('uncaughtException', takeLateError);
process.on('message', (message: ToWorker) => server.take(message));

tell({ type: 'ready' });
