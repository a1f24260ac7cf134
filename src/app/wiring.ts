/** Builds adapters, and nothing else. Each is loaded when it is first built: a worker that only reads scans never loads pdf.js. */
import { resolve } from 'node:path';
import { NULL_VARIABLES } from '../core/child-environment.ts';
import type { SourceDocument } from '../core/document.ts';
import type { PageResult } from '../core/page.ts';
import type { ExecutorRequest, RunRequest, SlurmChoices } from '../core/run-request.ts';
import { SystemicFailureWatch } from '../core/systemic-failure.ts';
import type { OcrEngine } from '../engines/ocr-engine.ts';
import type { Executor } from '../executors/executor.ts';
import type { SlurmClient } from '../executors/slurm/slurm-client.ts';
import { realDisk, type Disk } from '../files/disk.ts';
import type { RunFolder } from '../runs/run-folder.ts';
import type { BoxStore, BoxStoreOptions } from '../stores/box/box-store.ts';
import type { BoxConnection } from '../stores/box/transport/connect.ts';
import type { DocumentStore } from '../stores/document-store.ts';
import type { LocalFolderOptions } from '../stores/local-folder.ts';
import { DocumentBudgets } from '../work/document-budgets.ts';
import type { WorkerParts } from '../work/answer-calls.ts';
import type { WorkerSetup } from '../work/protocol.ts';
import type { WorkerPool } from '../work/worker-pool.ts';

/** What a run needs from outside, replaced by tests only: the disk, and the program of a worker. */
export interface RunDependencies {
  readonly disk: Disk;
  readonly workerEntry: URL;
}

export const REAL_DEPENDENCIES: RunDependencies = {
  disk: realDisk,
  workerEntry: new URL(import.meta.url.endsWith('.ts') ? './worker-main.ts' : './worker-main.js', import.meta.url),
};

/** The program's own entry, which nodes see where no image is named. */
export const PROGRAM_ENTRY = resolve(import.meta.dirname, '../../bin/ocr-pipeline.js');

/** The adapters of a page worker. */
export const workerParts: WorkerParts = {
  makeRenderer: async () => (await import('../renderers/pdfjs.ts')).createPdfjsRenderer(),
  makeEngine,
  makeThumbnail: async (image) => (await import('../renderers/image-files.ts')).makeThumbnail(image),
  writePng: async (image, outFile) => (await import('../renderers/image-files.ts')).writePng(image, outFile),
  writeImagePdf: async (image) => (await import('../renderers/write-image-pdf.ts')).writeImagePdf(image),
  readImageFile: async (file, megapixels) =>
    (await import('../renderers/image-files.ts')).readImageFile(file, megapixels),
};

async function makeEngine({ recipe, tesseract }: WorkerSetup): Promise<OcrEngine> {
  const { openEngine } = await import('../engines/find-engines.ts');
  const { engine, language, engineVersion: version, models } = recipe;
  return await openEngine(engine, language, tesseract, { name: engine, version, models });
}

/** A pool of page workers; none is started before there is work. Close it. */
export async function makeWorkerPool(
  setup: WorkerSetup,
  workers: number,
  entry: URL = REAL_DEPENDENCIES.workerEntry,
): Promise<WorkerPool> {
  const { WorkerPool } = await import('../work/worker-pool.ts');
  return new WorkerPool(entry, setup, workers);
}

/** A folder of this machine as a source or a destination. */
export async function makeLocalStore(options: LocalFolderOptions): Promise<DocumentStore> {
  const { LocalFolder } = await import('../stores/local-folder.ts');
  return new LocalFolder(options);
}

/** A folder of Box as a source or a destination. Close it, before its connection. */
export async function makeBoxStore(connection: BoxConnection, options: BoxStoreOptions): Promise<BoxStore> {
  const { BoxStore } = await import('../stores/box/box-store.ts');
  return new BoxStore(connection, options);
}

/** Slurm, as one person asks it. `choices` are what refusals are explained with. */
export async function makeSlurmClient(
  environment: NodeJS.ProcessEnv,
  { slurmAccount, slurmPartition, slurmQos }: Partial<SlurmChoices> = {},
): Promise<SlurmClient> {
  const { SlurmPrograms } = await import('../executors/slurm/slurm-programs.ts');
  return new SlurmPrograms(environment, { account: slurmAccount, partition: slurmPartition, qos: slurmQos });
}

/** What an executor of a run is made of. */
export interface ExecutorParts {
  readonly run: RunFolder;
  readonly request: Pick<RunRequest, 'executor' | 'tesseract' | 'workDir'>;
  readonly pool: WorkerPool;
  readonly disk: Disk;
  /** By SHA-1. */
  readonly documents: ReadonlyMap<string, SourceDocument>;
  readonly onPage: (sha1: string, page: PageResult) => void;
  readonly notice: (level: 'info' | 'warn', code: string, text: string) => void;
}

/** What reads the pages of a run: this machine's workers, or a cluster. */
export async function makeExecutor(parts: ExecutorParts): Promise<Executor> {
  const { run, request, pool, disk, documents, onPage } = parts;
  if (request.executor.kind === 'slurm') return await makeSlurmExecutor(parts, request.executor);
  const { LocalExecutor } = await import('../executors/local.ts');
  return new LocalExecutor(
    {
      pool,
      disk,
      watch: new SystemicFailureWatch(),
      budgets: new DocumentBudgets(),
      nameOf: (sha1) => documents.get(sha1)?.path ?? sha1,
      onPage,
    },
    (chunkId) => ({ partial: run.chunkPartialFile(chunkId), result: run.chunkResultFile(chunkId) }),
    `${process.pid}-${Date.now()}`,
  );
}

async function makeSlurmExecutor(
  { run, request, disk, notice }: ExecutorParts,
  { choices, detach }: Extract<ExecutorRequest, { kind: 'slurm' }>,
): Promise<Executor> {
  const { SlurmExecutor } = await import('../executors/slurm/slurm-executor.ts');
  const { recipe, settings, source, name } = run.record;
  const { slurmImage, slurmCores } = choices;
  const { WaveStore } = await import('../executors/slurm/store/wave-store.ts');
  return new SlurmExecutor({
    client: await makeSlurmClient(process.env, choices),
    store: new WaveStore(run.wavesFolder, disk),
    runName: name,
    recipe,
    limits: settings.limits,
    wishes: {
      partition: choices.slurmPartition,
      nodes: choices.slurmNodes,
      cores: slurmCores === 'auto' ? undefined : slurmCores,
      minutes: choices.slurmTime,
    },
    script: {
      runFolder: run.path,
      account: choices.slurmAccount,
      partition: choices.slurmPartition,
      qos: choices.slurmQos,
      // Absent in what older versions kept.
      options: choices.slurmSbatchOptions ?? [],
      program:
        slurmImage === undefined
          ? { command: process.execPath, commandArguments: [PROGRAM_ENTRY] }
          : { image: slurmImage },
      sourceFolders: source.kind === 'local' ? source.ids : [],
    },
    tesseract: slurmImage === undefined ? request.tesseract : undefined,
    environment: jobEnvironment(process.env, slurmImage !== undefined),
    clock: Date.now,
    chunksFolder: run.chunksFolder,
    disk,
    pollMs: choices.slurmPoll * 1_000,
    gatherMs: choices.slurmGather * 1_000,
    patienceMs: choices.slurmPatience * 1_000,
    leaving: detach,
    notice,
  });
}

/**
 * Variables that jobs get from the coordinator, by name and no others: where Tesseract's data lie, for a program that runs
 * outside a container, and what holds the null engine back in tests.
 */
function jobEnvironment(environment: NodeJS.ProcessEnv, hasImage: boolean): Record<string, string> {
  const names = hasImage ? NULL_VARIABLES : [...NULL_VARIABLES, 'TESSDATA_PREFIX'];
  return Object.fromEntries(
    names.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]]])),
  );
}
