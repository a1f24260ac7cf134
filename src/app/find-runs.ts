import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AccessError, asPipelineError, type PipelineError } from '../core/errors.ts';
import { realDisk } from '../files/disk.ts';
import { RunFolder } from '../runs/run-folder.ts';
import { isLocked } from '../runs/run-lock.ts';
import { requestStop } from '../runs/stop-request.ts';
import type { CancelOutcome, RunEntry } from './contract.ts';

/**
 * Every run folder in the work directory, newest first by the last change of its ledger. One that cannot be opened is left out,
 * and `tell` hears why.
 * @throws {PipelineError} there are runs, and none of them may be read, or can be, where nobody hears why.
 */
export async function listRuns(workDir: string, tell?: (problem: PipelineError) => void): Promise<RunEntry[]> {
  const problems: PipelineError[] = [];
  const found: { entry: RunEntry; changedMs: number }[] = [];
  for (const name of await RunFolder.list(workDir)) {
    const run = await RunFolder.open(join(workDir, name), realDisk).catch(
      (error: unknown) => void problems.push(asPipelineError(error)),
    );
    if (!run) continue;
    const changedMs = await stat(run.ledgerFile).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    );
    const progress = await run.readProgress();
    // A session that was killed could not write that it ended: its lock tells.
    const isAlive = progress === undefined || progress.phase === 'ended' ? undefined : await isLocked(run.path);
    const { path: folder, record } = run;
    const entry: RunEntry = { folder, record, progress, isAlive, readState: () => run.readState() };
    found.push({ entry, changedMs });
  }
  const [first] = problems;
  if (found.length === 0 && first && (!tell || first instanceof AccessError)) throw first;
  for (const problem of problems) tell?.(problem);
  return found.sort((a, b) => b.changedMs - a.changedMs).map(({ entry }) => entry);
}

/** How long a program that follows a run on a cluster has to end its jobs itself. */
const STOP_TIMEOUT_MS = 15_000;

/**
 * Asks whoever works on a run to stop tidily; it does so within seconds. Jobs on a cluster are ended.
 * @throws {MissingDependencyError} `SLURM_MISSING`: there are jobs, and this machine cannot reach them.
 */
export async function cancelRun(entry: RunEntry): Promise<CancelOutcome> {
  const { folder } = entry;
  const isRunning = await isLocked(folder);
  if (isRunning) await requestStop(folder);
  const { endJobs, hasJobs } = await import('./find-jobs.ts');
  if (!(await hasJobs(folder))) return isRunning ? 'asked-to-stop' : 'not-running';
  // Whoever follows the run ends its jobs; if it cannot, we do.
  for (const from = Date.now(); Date.now() - from < STOP_TIMEOUT_MS && (await isLocked(folder));) await sleep(200);
  await endJobs(entry, !(await isLocked(folder)));
  return 'jobs-cancelled';
}
