import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { isThere } from '../files/is-there.ts';
import type { Chunk, Recipe } from '../core/chunk.ts';
import { ConfigError, NoInputError, UsageError } from '../core/errors.ts';
import { countPages } from '../core/pack-chunks.ts';
import { SystemicFailureWatch } from '../core/systemic-failure.ts';
import { parseTaskName, WaveStore, type ChunkOrder } from '../executors/slurm/store/wave-store.ts';
import { realDisk, type Disk } from '../files/disk.ts';
import { readTrailer } from '../runs/page-results.ts';
import { keepAsShared } from '../runs/run-privacy.ts';
import { CHUNKS_FOLDER, WAVES_FOLDER } from '../runs/run-folder.ts';
import { readAvailableCpus } from '../config/available-cpus.ts';
import { DocumentBudgets } from '../work/document-budgets.ts';
import type { ChunkFiles } from '../work/work-chunk.ts';
import { workTask } from '../work/work-task.ts';
import { chooseRecipe } from './choose-engine.ts';
import { makeWorkerPool, REAL_DEPENDENCIES } from './wiring.ts';

/** What a task needs from outside, replaced by tests only. */
export interface TaskDependencies {
  readonly disk: Disk;
  readonly workerEntry: URL;
  /** Where Slurm says which try this is. */
  readonly environment: NodeJS.ProcessEnv;
  /** @throws {ConfigError} `ENGINE_DIFFERS`: what reads here is not what the recipe says. */
  readonly checkEngine: (recipe: Recipe, tesseract: string | undefined) => Promise<void>;
  /** Whether a document is to be seen from here. */
  readonly isThere: (file: string) => Promise<boolean>;
  /** Writes a line to the task's log. */
  readonly say: (line: string) => void;
}

const REAL: TaskDependencies = {
  disk: realDisk,
  workerEntry: REAL_DEPENDENCIES.workerEntry,
  environment: process.env,
  checkEngine,
  isThere,
  say: (line) => process.stderr.write(`${line}\n`),
};

/**
 * Reads the pages of one task of a run with all cores given to us. It needs nothing but the run folder and the documents:
 * it takes no lock, writes no ledger, and reaches for no network. A chunk is done when its result file is there.
 * @throws {NoInputError} `TASK_NOT_FOUND`: there is no such order.
 * @throws {PipelineError} whatever stopped it; finished pages are kept.
 */
export async function workOnTask(
  runFolder: string,
  taskName: string,
  signal: AbortSignal,
  dependencies: TaskDependencies = REAL,
): Promise<void> {
  const { disk, environment, say } = dependencies;
  await keepAsShared(runFolder);
  const name = parseTaskName(taskName);
  if (!name)
    throw new UsageError('BAD_TASK', `"${taskName}" names no task; it needs a wave and an index, such as 3-0.`);
  const order = await new WaveStore(join(runFolder, WAVES_FOLDER), disk).readTask(name.wave, name.index);
  if (!order) throw new NoInputError('TASK_NOT_FOUND', `There is no order for task ${taskName} in ${runFolder}.`);
  const { header, task } = order;
  Object.assign(process.env, header.environment);
  const chunksFolder = join(runFolder, CHUNKS_FOLDER);
  const names = await WaveStore.names(chunksFolder);
  const open: Chunk[] = [];
  for (const { id, ranges } of task.chunks) {
    const trailer = names.includes(`${id}.ndjson`) ? await readTrailer(join(chunksFolder, `${id}.ndjson`)) : undefined;
    if (trailer?.chunk !== id) open.push({ id, ranges, recipe: header.recipe, limits: header.limits });
  }
  const workers = Math.min(await readAvailableCpus(), task.maxWorkers ?? Infinity, Math.max(1, pagesOf(open)));
  say(
    `task ${taskName}: ${open.length} of ${task.chunks.length} chunks to read, ${pagesOf(open)} pages, ${workers} workers`,
  );
  if (open.length === 0) return;
  await checkSources(open, dependencies.isThere);
  await dependencies.checkEngine(header.recipe, header.tesseract);
  const started = Date.now();
  const tryName = nameOfTry(environment);
  const filesOf = (chunk: Chunk): ChunkFiles => {
    const partial = `${chunk.id}.${tryName}.partial`;
    const earlier = names.filter(
      (other) => other.startsWith(`${chunk.id}.`) && other.endsWith('.partial') && other !== partial,
    );
    return {
      partial: join(chunksFolder, partial),
      result: join(chunksFolder, `${chunk.id}.ndjson`),
      earlier: earlier.map((other) => join(chunksFolder, other)),
    };
  };
  let pages = 0;
  const setup = { recipe: header.recipe, limits: header.limits, tesseract: header.tesseract };
  await using pool = await makeWorkerPool(setup, workers, dependencies.workerEntry);
  const parts = {
    pool,
    disk,
    watch: new SystemicFailureWatch(),
    budgets: new DocumentBudgets(),
    nameOf: (sha1: string) => sha1.slice(0, 16),
    onPage: () => void pages++,
  };
  try {
    await workTask(open, filesOf, parts, signal);
  } finally {
    say(`task ${taskName}: ${pages} pages read in ${Math.round((Date.now() - started) / 1_000)} s`);
  }
}

/** Results are kept under the recipe: another engine, model or program must not write them. */
async function checkEngine(recipe: Recipe, tesseract: string | undefined): Promise<void> {
  const here = await chooseRecipe({ engine: recipe.engine, tesseract, settings: recipe });
  if (here.digest === recipe.digest) return;
  throw new ConfigError(
    'ENGINE_DIFFERS',
    `This node would read with ${here.engine} ${here.engineVersion}; the run was planned with ${recipe.engine} ${recipe.engineVersion}, or with other models or another version of this program.`,
    {
      safe: 'Nothing was read here.',
      remedy: '--image FILE   makes all nodes read alike; or install the same on all.',
    },
  );
}

/** One document that is gone is its own misfortune; where none is there, this node does not see their folder. */
async function checkSources(chunks: readonly Chunk[], isThere: TaskDependencies['isThere']): Promise<void> {
  const files = [...new Set(chunks.flatMap(({ ranges }) => ranges.map(({ file }) => file)))];
  for (const file of files) if (await isThere(file)) return;
  throw new NoInputError('SOURCE_NOT_SEEN', `None of the documents is to be seen from this node: ${files[0] ?? ''}`, {
    why: 'They lie on a disk that this node does not have, or were removed.',
    safe: 'All finished pages are kept.',
    remedy: 'Copy the documents to a folder that every node sees, such as scratch, and give that with --input.',
  });
}

function pagesOf(chunks: readonly (Chunk | ChunkOrder)[]): number {
  return chunks.reduce((sum, { ranges }) => sum + countPages(ranges), 0);
}

/** Each try writes to files of its own: one that was given up may still be alive on a node that is cut off. */
function nameOfTry({
  SLURM_ARRAY_JOB_ID: job,
  SLURM_ARRAY_TASK_ID: task,
  SLURM_RESTART_COUNT: restart = '0',
}: NodeJS.ProcessEnv): string {
  return job !== undefined && task !== undefined
    ? `${job}_${task}_${restart}`
    : `here-${randomBytes(4).toString('hex')}`;
}
