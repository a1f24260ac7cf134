/** The program of a page worker: answers one request at a time until its owner goes away. */
import { Worker } from 'node:worker_threads';
import { asPipelineError } from '../core/errors.ts';
import { answerCalls } from '../work/answer-calls.ts';
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

const answer = answerCalls(setup, workerParts, (step) => tell({ type: 'step', step }));

process.on('disconnect', () => {
  answer.close().then(
    () => process.exit(0),
    () => process.exit(1),
  );
});

process.on('message', (message: ToWorker) => {
  answer.call(message.call, message.request).then(
    (result) => tell({ type: 'answer', id: message.id, answer: result }),
    (error: unknown) => tell({ type: 'error', id: message.id, error: asPipelineError(error).toRecord() }),
  );
});

tell({ type: 'ready' });
