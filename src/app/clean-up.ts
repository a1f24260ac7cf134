import { lstat, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { asPipelineError, EXIT } from '../core/errors.ts';
import type { RunState } from '../core/run-state.ts';
import { realDisk } from '../files/disk.ts';
import { CHUNKS_FOLDER, WAVES_FOLDER } from '../runs/run-folder.ts';
import { judgeRun } from '../core/verdict.ts';
import { isLocked, lockRun } from '../runs/run-lock.ts';
import type { CleanOutcome, CleanRequest, Clutter, RunEntry } from './contract.ts';
import { findJobs } from './find-jobs.ts';
import { listRuns } from './find-runs.ts';

/** Below a run folder, of a finished run: of no use to anybody. */
const SCRATCH = [CHUNKS_FOLDER, WAVES_FOLDER, 'fetched'] as const;

/**
 * Finds what may be removed: runs that never began, scratch of runs that are complete, caches; or the runs that are named.
 * What is alive, or holds results that lie nowhere else, is in the answer with the reason why it stays. Changes nothing.
 */
export async function findClutter({ workDir, names, cacheFolder }: CleanRequest): Promise<readonly Clutter[]> {
  const entries = await listRuns(workDir, () => undefined);
  const wanted = names.length === 0 ? entries : entries.filter(({ record }) => names.includes(record.name));
  const jobs = await findJobs(wanted);
  const found: Clutter[] = [];
  for (const entry of wanted) {
    const job = jobs.get(entry);
    const isAlive = (await isLocked(entry.folder)) || (job !== undefined && job.waiting + job.running > 0);
    const state = await entry.readState();
    const item =
      names.length > 0
        ? wholeRun(entry, 'asked for by name')
        : state.documents.size === 0
          ? wholeRun(entry, 'never began')
          : await scratchOf(entry, state);
    if (!item) continue;
    const kept = isAlive ? 'it is being worked on' : item.kind === 'run' ? await resultsIn(entry, state) : undefined;
    // A run that is alive is no clutter, and is spoken of only where it was named.
    if (isAlive && names.length === 0) continue;
    found.push({ ...item, kept, sizeBytes: await sizeOf(item.paths) });
  }
  if (names.length === 0) {
    const cache = await sizeOf([cacheFolder]);
    if (cache > 0)
      found.push({ kind: 'cache', paths: [cacheFolder], sizeBytes: cache, reason: 'made again when it is needed' });
  }
  return found;
}

type Draft = Omit<Clutter, 'sizeBytes' | 'kept'>;

function wholeRun({ folder, record }: RunEntry, reason: string): Draft {
  return { kind: 'run', run: record.name, paths: [folder], reason };
}

async function scratchOf({ folder, record }: RunEntry, state: RunState): Promise<Draft | undefined> {
  const { isFinished, exitCode } = judgeRun(state);
  const isComplete = isFinished && exitCode === EXIT.ok;
  if (!isComplete) return undefined;
  const folders = SCRATCH.map((name) => join(folder, name));
  const paths: string[] = [];
  for (const path of folders) for (const name of await readdir(path).catch(() => [])) paths.push(join(path, name));
  return paths.length === 0
    ? undefined
    : { kind: 'scratch', run: record.name, paths, reason: 'all its documents are complete' };
}

/** Why a whole run folder must stay: results lie in it, and perhaps nowhere else. */
async function resultsIn({ folder, record }: RunEntry, state: RunState): Promise<string | undefined> {
  const { kind, ids } = record.destination;
  const place = resolve(ids[0] ?? '');
  if (kind === 'local' && (place === folder || place.startsWith(folder + sep))) return 'its results are in it';
  for (const sha1 of await readdir(join(folder, 'documents')).catch(() => [])) {
    const waiting = await readdir(join(folder, 'documents', sha1, 'work')).catch(() => []);
    if (waiting.length > 0 && [...state.documents.values()].some((document) => document.sha1 === sha1))
      return 'results wait in it to be delivered; the same command, or resume, delivers them';
  }
  return undefined;
}

/** Removes what was found, but what is kept, and what has come alive meanwhile. */
export async function removeClutter(items: readonly Clutter[]): Promise<readonly CleanOutcome[]> {
  const outcomes: CleanOutcome[] = [];
  for (const item of items) {
    let kept = item.kept;
    if (kept === undefined) {
      try {
        await removeItem(item);
      } catch (error) {
        kept = asPipelineError(error).message;
      }
    }
    outcomes.push({ ...item, kept, removed: kept === undefined });
  }
  return outcomes;
}

async function removeItem({ kind, paths }: Clutter): Promise<void> {
  if (kind === 'cache') {
    for (const path of paths) await rm(path, { recursive: true, force: true });
    return;
  }
  const [first = ''] = paths;
  const folder = kind === 'run' ? first : dirname(dirname(first));
  await using _lock = await lockRun(folder);
  if (kind === 'scratch') {
    for (const path of paths) await rm(path, { recursive: true, force: true });
    return;
  }
  // In one step out of the way of whoever begins the same run now.
  const aside = join(dirname(folder), `.removed-${basename(folder)}-${process.pid}`);
  await realDisk.rename(folder, aside);
  await rm(aside, { recursive: true, force: true });
}

async function sizeOf(paths: readonly string[]): Promise<number> {
  let sizeBytes = 0;
  for (const path of paths) {
    const facts = await lstat(path).catch(() => undefined);
    if (facts === undefined) continue;
    sizeBytes += facts.size;
    if (!facts.isDirectory()) continue;
    const names = await readdir(path).catch(() => []);
    sizeBytes += await sizeOf(names.map((name) => join(path, name)));
  }
  return sizeBytes;
}
