/** What nodes run in tests of the executor: the program's own task over stand-in workers. `work <run folder> <task>` */
import { workOnTask } from '../../../src/app/work-on-task.ts';
import { asPipelineError, StoppedError } from '../../../src/core/errors.ts';
import { realDisk } from '../../../src/files/disk.ts';

const [, , , runFolder = '', task = ''] = process.argv;
const stop = new AbortController();
process.on('SIGTERM', () => stop.abort(new StoppedError('STOPPED', 'Told to stop.')));
const say = (line: string): void => void process.stderr.write(`${line}\n`);
const workerEntry = new URL('../../work/stand-in-worker.ts', import.meta.url);
workOnTask(runFolder, task, stop.signal, {
  disk: realDisk,
  workerEntry,
  environment: process.env,
  isThere: () => Promise.resolve(true),
  checkEngine: () => Promise.resolve(),
  say,
}).catch((thrown: unknown) => {
  const error = asPipelineError(thrown);
  say(JSON.stringify({ type: 'error', exitCode: error.exitCode, ...error.toRecord() }));
  process.exitCode = error.exitCode;
});
