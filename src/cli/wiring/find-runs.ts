import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { realDisk } from '../../runs/disk.ts';
import { RunFolder } from '../../runs/run-folder.ts';
import { isLocked } from '../../runs/run-lock.ts';
import { requestStop } from '../../runs/stop-request.ts';
import type { CancelOutcome, RunEntry } from '../wiring.ts';

/** Every run folder in the work directory, newest first by the last change of its ledger. */
export async function listRuns(workDir: string): Promise<RunEntry[]> {
  const found: { entry: RunEntry; changedMs: number }[] = [];
  for (const name of await RunFolder.list(workDir)) {
    const run = await RunFolder.open(join(workDir, name), realDisk).catch(() => undefined);
    if (!run) continue;
    const changedMs = await stat(run.ledgerFile).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    );
    const progress = await run.readProgress();
    const entry: RunEntry = { folder: run.path, record: run.record, progress, readState: () => run.readState() };
    found.push({ entry, changedMs });
  }
  return found.sort((a, b) => b.changedMs - a.changedMs).map(({ entry }) => entry);
}

/** Asks whoever works on a run to stop tidily; it does so within seconds. */
export async function cancelRun(entry: RunEntry): Promise<CancelOutcome> {
  if (!(await isLocked(entry.folder))) return 'not-running';
  await requestStop(entry.folder);
  return 'asked-to-stop';
}
