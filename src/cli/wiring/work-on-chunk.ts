import { readFile } from 'node:fs/promises';
import type { Chunk } from '../../core/chunk.ts';
import { NoInputError } from '../../core/errors.ts';
import { SystemicFailureWatch } from '../../core/systemic-failure.ts';
import { realDisk } from '../../runs/disk.ts';
import { RunFolder } from '../../runs/run-folder.ts';
import { readAvailableCpus } from '../../work/available-cpus.ts';
import { workChunk } from '../../work/work-chunk.ts';
import { WorkerPool } from '../../work/worker-pool.ts';
import { REAL_SURROUNDINGS } from './start-run.ts';

/**
 * Reads the pages of one work order of a run with all cores given to us; its result file is complete when this settles.
 * @throws {NoInputError} `CHUNK_NOT_FOUND`: there is no such order.
 */
export async function workOnChunk(runFolder: string, chunkId: string, signal: AbortSignal): Promise<void> {
  const run = await RunFolder.open(runFolder, realDisk);
  const order = await readFile(run?.chunkOrderFile(chunkId) ?? '', 'utf8').catch(() => undefined);
  if (!run || order === undefined) {
    throw new NoInputError('CHUNK_NOT_FOUND', `There is no work order ${chunkId} in ${runFolder}.`);
  }
  const chunk = JSON.parse(order) as Chunk;
  const setup = { recipe: chunk.recipe, limits: chunk.limits };
  await using pool = new WorkerPool(REAL_SURROUNDINGS.workerEntry, setup, await readAvailableCpus());
  const around = { pool, disk: realDisk, watch: new SystemicFailureWatch(), label: (sha1: string) => sha1, onPage: () => undefined };
  await workChunk(chunk, { partial: run.chunkPartialFile(chunkId), result: run.chunkResultFile(chunkId) }, around, signal);
}
