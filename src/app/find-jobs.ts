import { join } from 'node:path';
import { MissingDependencyError } from '../core/errors.ts';
import { isLive } from '../executors/slurm/decide/classify-end.ts';
import { jobNameOf } from '../executors/slurm/wave-submitter.ts';
import { WaveStore, type WaveRecord } from '../executors/slurm/store/wave-store.ts';
import { realDisk } from '../files/disk.ts';
import { readTrailer } from '../runs/page-results.ts';
import { CHUNKS_FOLDER, WAVES_FOLDER } from '../runs/run-folder.ts';
import type { RunEntry, RunJobs } from './contract.ts';
import { makeSlurmClient } from './wiring.ts';

/** `status` is for people, who do not wait longer. */
const ASK_TIMEOUT_MS = 15_000;

async function allWaves(folder: string): Promise<readonly WaveRecord[]> {
  return (await new WaveStore(join(folder, WAVES_FOLDER), realDisk).load()).waves;
}

/** Waves that have not ended, as far as the run folder tells. */
async function openWaves(folder: string): Promise<WaveRecord[]> {
  return (await allWaves(folder)).filter(({ ended }) => !ended);
}

/** Whether a run has jobs on a cluster that are not known to have ended. */
export async function hasJobs(folder: string): Promise<boolean> {
  return (await openWaves(folder)).length > 0;
}

/**
 * Asks the scheduler once about all runs that may have jobs. Runs that never had any are not in the answer, nor, where nobody
 * answers, those that may have.
 */
export async function findJobs(entries: readonly RunEntry[]): Promise<ReadonlyMap<RunEntry, RunJobs>> {
  const ordered = new Map<RunEntry, readonly WaveRecord[]>();
  for (const entry of entries) {
    const waves = await allWaves(entry.folder);
    if (waves.length > 0) ordered.set(entry, waves);
  }
  const client = await makeSlurmClient(process.env);
  const signal = AbortSignal.timeout(ASK_TIMEOUT_MS);
  const names = [...ordered].flatMap(([{ record }, waves]) =>
    waves.flatMap(({ wave, ended }) => (ended ? [] : jobNameOf(record.name, wave))),
  );
  const rows = names.length === 0 ? [] : await client.queue(names, signal).catch(() => undefined);
  const byName = Map.groupBy(rows ?? [], ({ jobName }) => jobName);
  const found = new Map<RunEntry, RunJobs>();
  for (const [entry, waves] of ordered) {
    if (!rows && waves.some(({ ended }) => !ended)) continue;
    const ofRun = waves
      .flatMap(({ wave }) => byName.get(jobNameOf(entry.record.name, wave)) ?? [])
      .filter(({ state }) => isLive(state));
    const waiting = ofRun.filter(({ state }) => state === 'PENDING');
    const [first] = waiting;
    const starts =
      first && ofRun.length === waiting.length
        ? await client.startEstimate(first.jobName, signal).catch(() => undefined)
        : undefined;
    found.set(entry, {
      jobIds: [...new Set(waves.flatMap(({ jobId }) => jobId ?? []))],
      waiting: waiting.length,
      running: ofRun.length - waiting.length,
      startsAt: starts?.toISOString(),
      pagesRead: await countWaitingPages(join(entry.folder, CHUNKS_FOLDER)),
    });
  }
  return found;
}

async function countWaitingPages(chunksFolder: string): Promise<number> {
  let pages = 0;
  for (const name of await WaveStore.names(chunksFolder)) {
    if (name.endsWith('.ndjson')) pages += (await readTrailer(join(chunksFolder, name)))?.pages ?? 0;
  }
  return pages;
}

/**
 * Ends all jobs of a run, by their names. `isOurs`: nobody else writes the run folder, so that it is noted there.
 * @throws {MissingDependencyError} `SLURM_MISSING`: this machine cannot reach them. @throws {TransientError} no answer.
 */
export async function endJobs({ folder, record }: Pick<RunEntry, 'folder' | 'record'>, isOurs: boolean): Promise<void> {
  const store = new WaveStore(join(folder, WAVES_FOLDER), realDisk);
  const client = await makeSlurmClient(process.env);
  try {
    for (const { wave } of await openWaves(folder)) {
      await client.cancel(jobNameOf(record.name, wave), undefined, AbortSignal.timeout(60_000));
      if (isOurs) await store.ended(wave, 'cancelled');
    }
  } catch (error) {
    // Whoever follows the run, on a machine that can, has been asked.
    if (isOurs || !(error instanceof MissingDependencyError)) throw error;
  } finally {
    await store.close();
  }
}
