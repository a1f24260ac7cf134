import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, symlinkSync } from 'node:fs';
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { COMPILED, type CliResult } from '../cli/run-cli.ts';
import { makeScan } from '../e2e/make-scan.ts';
import { digestFolder } from '../e2e/run-support.ts';
import type { PageEntry, LedgerEvent } from '../../src/core/ledger.ts';
import { NULL_DELAY_VARIABLE, NULL_GATE_VARIABLE } from '../../src/core/child-environment.ts';
import { passedFile } from '../../src/engines/page-gate.ts';
import { parseLine, readLines } from '../../src/files/ndjson.ts';
import { RunFolder } from '../../src/runs/run-folder.ts';
import { SlurmLab } from './slurm-lab.ts';
import { HANG_MS } from './hang.ts';

/** What a test varies of a program on a cluster. */
export interface SlurmProgramOptions {
  /** Pages of each document; all pages are unlike each other. */
  readonly pages: readonly number[];
  /** How long the null engine takes for a page. */
  readonly pageMs?: number;
  /** The null engine reads no more pages on the cluster than {@link SlurmProgram.whileReading} waits for, until `letGo`. */
  readonly held?: boolean;
  readonly partition?: string;
  /** Where the run folders are; a folder of this program's own by default. */
  readonly workDir?: string;
  /** Flags of `run`, for what no option above says. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** `null` by default: fast, and it has no failures of its own. */
  readonly engine?: 'null' | 'tesseract';
  /** Makes a document; small scans by default. */
  readonly makePdf?: (pages: number, documentNumber: number) => Buffer;
}

/** Documents of one folder. */
const FOLDER_SIZE = 1_000;

/** An array task of a run as the queue has it. */
export interface QueuedTask {
  /** `<array job>_<index>`. */
  readonly id: string;
  readonly jobName: string;
  readonly state: string;
  readonly reason: string;
  /** The number of the node it runs on. */
  readonly node: number | undefined;
}

/** One life of the program: from its start to its end, or to its being killed. */
export interface Life {
  readonly child: ChildProcess;
  readonly ended: Promise<CliResult>;
  hasEnded(): boolean;
  /** What it said until now. */
  said(): string;
  kill(signal: NodeJS.Signals): void;
}

const BIN = resolve(import.meta.dirname, '../../bin/ocr-pipeline.js');
const QUEUE_TRIES = 3;
/** States of the queue in which something is still to come. */
const OPEN_STATES = new Set(['PENDING', 'RUNNING', 'COMPLETING', 'CONFIGURING', 'SUSPENDED', 'REQUEUED']);

/** The real program, its folders, and a folder of scans, on a private cluster. Close it. */
export class SlurmProgram implements AsyncDisposable {
  readonly lab: SlurmLab;
  readonly input: string;
  readonly output: string;
  readonly workDir: string;
  readonly pages: readonly number[];
  readonly #home: string;
  readonly #options: SlurmProgramOptions;
  readonly #lives: Life[] = [];

  private constructor(lab: SlurmLab, options: SlurmProgramOptions) {
    this.lab = lab;
    this.#options = options;
    this.#home = mkdtempSync(join(tmpdir(), 'slurm-program-'));
    this.pages = options.pages;
    this.input = join(this.#home, 'scans');
    this.output = join(this.#home, 'text');
    this.workDir = options.workDir ?? join(this.#home, 'runs');
  }

  /** Makes the folders and the scans: the same for the same numbers of pages. */
  static async create(lab: SlurmLab, options: SlurmProgramOptions): Promise<SlurmProgram> {
    const program = new SlurmProgram(lab, options);
    const { pages, held = false, makePdf = makeScan } = options;
    if (held) await program.#letPass(0);
    // Jobs get the home, and not that variable.
    mkdirSync(join(program.#home, '.cache', 'ocr-pipeline'), { recursive: true });
    symlinkSync(COMPILED.NODE_COMPILE_CACHE, join(program.#home, '.cache', 'ocr-pipeline', 'node'));
    const folders = 3 + Math.floor(pages.length / FOLDER_SIZE);
    for (let number = 0; number < folders; number++)
      mkdirSync(join(program.input, `series ${number}`), { recursive: true });
    for (const [index, count] of pages.entries()) {
      await writeFile(
        join(program.input, `series ${index % folders}`, `scan ${index + 1}.pdf`),
        makePdf(count, index + 1),
      );
    }
    return program;
  }

  get #gate(): string {
    return join(this.#home, 'gate');
  }

  /** Lets the pages that are held back be read. */
  async letGo(): Promise<void> {
    await rm(this.#gate, { force: true });
  }

  /** What an undisturbed run on this machine gives: the SHA-1 of each output by its path. */
  async expected(): Promise<Record<string, string>> {
    const output = join(this.#home, 'local-text');
    const places = ['--input', this.input, '--output', output, '--work-dir', join(this.#home, 'local-runs')];
    const life = this.#start(['run', ...places, ...this.#reading(), '--jobs', '2'], {
      [NULL_DELAY_VARIABLE]: '0',
      [NULL_GATE_VARIABLE]: undefined,
    });
    const { code, stderr } = await life.ended;
    if (code !== 0) throw new Error(`the local run ended with ${code}: ${stderr}`);
    return await digestFolder(output);
  }

  /** The SHA-1 of each output that was delivered, by its path. */
  delivered(): Promise<Record<string, string>> {
    return digestFolder(this.output);
  }

  /** Starts `run` on the cluster. */
  start(...args: readonly string[]): Life {
    const { partition, args: more = [] } = this.#options;
    const places = ['--input', this.input, '--output', this.output, '--work-dir', this.workDir];
    const where = ['--executor', 'slurm', ...(partition === undefined ? [] : ['--partition', partition])];
    return this.#start(['run', ...places, ...where, ...this.#reading(), ...more, ...args]);
  }

  /** Runs any command to its end. */
  async command(...args: readonly string[]): Promise<CliResult> {
    return await this.#start(args).ended;
  }

  #reading(): string[] {
    return ['--engine', this.#options.engine ?? 'null', '--progress', 'plain'];
  }

  #start(args: readonly string[], env: Readonly<Record<string, string | undefined>> = {}): Life {
    const child = spawn(process.execPath, [BIN, ...args], {
      cwd: this.#home,
      env: {
        // Nothing of the person's own.
        HOME: this.#home,
        LANG: 'C.UTF-8',
        ...COMPILED,
        ...this.lab.env,
        OMP_THREAD_LIMIT: '1',
        [NULL_DELAY_VARIABLE]: String(this.#options.pageMs ?? 0),
        ...(this.#options.held ? { [NULL_GATE_VARIABLE]: this.#gate } : {}),
        OCR_PIPELINE_SLURM_POLL: '1',
        OCR_PIPELINE_SLURM_GATHER: '1',
        OCR_PIPELINE_SLURM_PATIENCE: '5',
        ...this.#options.env,
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: HANG_MS,
      killSignal: 'SIGKILL',
    });
    let stdout = '';
    let stderr = '';
    let over = false;
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const ended = new Promise<CliResult>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => {
        over = true;
        resolve({ code, signal, stdout, stderr });
      });
    });
    const life: Life = {
      child,
      ended,
      hasEnded: () => over,
      said: () => stderr,
      kill: (signal) => void child.kill(signal),
    };
    this.#lives.push(life);
    return life;
  }

  /** The folder of the one run; undefined before there is one. */
  async runFolder(): Promise<string | undefined> {
    const [name] = await RunFolder.list(this.workDir);
    return name === undefined ? undefined : join(this.workDir, name);
  }

  /** Tasks of jobs of this program's runs, ended ones included for as long as Slurm knows them. */
  async tasks(): Promise<QueuedTask[]> {
    const text = await this.#queue();
    return text.split('\n').flatMap((line): QueuedTask[] => {
      const [jobName = '', id = '', state = '', node = '', reason = ''] = line.split('|');
      if (!jobName.startsWith('ocrp-')) return [];
      return [{ id, jobName, state, reason, node: node === '' ? undefined : Number(node.slice(1)) }];
    });
  }

  /** A controller that is just coming back may not answer at first. */
  async #queue(): Promise<string> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.lab.call('squeue', '-h', '-r', '-t', 'all', '-o', '%j|%F_%K|%T|%N|%r');
      } catch (error) {
        if (tries >= QUEUE_TRIES) throw error;
        await sleep(1_000);
      }
    }
  }

  /** How often Slurm has started tasks of this program again, in the jobs it remembers. */
  async restarts(): Promise<number> {
    const jobs = (await this.lab.call('scontrol', '-o', 'show', 'job'))
      .split('\n')
      .filter((line) => line.includes(' JobName=ocrp-'));
    return jobs.reduce((sum, line) => sum + Number(/ Restarts=(\d+)/.exec(line)?.[1] ?? 0), 0);
  }

  /** Tasks that wait or run. */
  async openTasks(): Promise<QueuedTask[]> {
    return (await this.tasks()).filter(({ state }) => OPEN_STATES.has(state));
  }

  async runningTasks(): Promise<QueuedTask[]> {
    return (await this.tasks()).filter(({ state, node }) => state === 'RUNNING' && node !== undefined);
  }

  /**
   * Waits until tasks of a life are running and pages come in; where pages are held back, as many as these are let through.
   * @returns those tasks.
   */
  async whileReading(life: Life, pages = 1): Promise<QueuedTask[]> {
    let running: QueuedTask[] = [];
    await this.lab.until(`${pages} pages read on nodes`, async () => {
      if (life.hasEnded()) throw new Error(`the program ended too early: ${life.said()}`);
      running = await this.runningTasks();
      const read = await this.#pagesInChunks();
      if (this.#options.held && read < pages) await this.#letPass((await this.#pagesPassed()) + pages - read);
      return running.length > 0 && read >= pages;
    });
    return running;
  }

  async #letPass(pages: number): Promise<void> {
    await writeFile(this.#gate, String(pages));
  }

  async #pagesPassed(): Promise<number> {
    return await stat(passedFile(this.#gate)).then(
      ({ size }) => size,
      () => 0,
    );
  }

  /** Pages whose results lie in files of chunks, whole or not. */
  async #pagesInChunks(): Promise<number> {
    const folder = join((await this.runFolder()) ?? '', 'chunks');
    const names = await readdir(folder).catch(() => []);
    let pages = 0;
    for (const name of names) {
      const text = await readFile(join(folder, name), 'utf8').catch(() => '');
      pages += text.split('\n').filter((line) => line.includes('"pageNumber"')).length;
    }
    return pages;
  }

  /** Pages that went to Slurm, in all orders together. */
  async pagesOrdered(): Promise<number> {
    let pages = 0;
    for await (const { text } of readLines(join((await this.runFolder()) ?? '', 'waves/journal.ndjson'))) {
      const line = parseLine<{ type: string; pages?: number }>(text);
      if (line?.type === 'intent') pages += line.pages ?? 0;
    }
    return pages;
  }

  /** All that the ledger of the run tells, oldest first. */
  async ledger(): Promise<LedgerEvent[]> {
    const events: LedgerEvent[] = [];
    for await (const { text } of readLines(join((await this.runFolder()) ?? '', 'ledger.ndjson'))) {
      const event = parseLine<LedgerEvent>(text);
      if (event) events.push(event);
    }
    return events;
  }

  /** Each document's pages as the ledger last has them, by the document's path. */
  async pagesByDocument(): Promise<Map<string, readonly PageEntry[]>> {
    const pages = new Map<string, readonly PageEntry[]>();
    for (const event of await this.ledger()) if (event.type === 'pages') pages.set(event.document, event.pages);
    return pages;
  }

  /** Files of the run that should be gone when it is done: work in progress, orders, and what was given up. */
  async leftovers(): Promise<string[]> {
    const folder = (await this.runFolder()) ?? '';
    const inRun = await readdir(folder, { recursive: true }).catch(() => []);
    const inOutput = await readdir(this.output, { recursive: true }).catch(() => []);
    return [
      ...inRun.filter((name) =>
        /\.(part|tmp|partial)$|^chunks\/.|^fetched\/.|^waves\/\d+\.ndjson$|\/work\//.test(name),
      ),
      ...inOutput.filter((name) => !/\.(txt|pdf)$|^series \d$/.test(name)),
    ].sort();
  }

  /** Ends what still runs and removes the folders. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const life of this.#lives) if (!life.hasEnded()) life.kill('SIGKILL');
    await Promise.allSettled(this.#lives.map(({ ended }) => ended));
    const names = [...new Set((await this.openTasks().catch(() => [])).map(({ jobName }) => jobName))];
    if (names.length > 0) await this.lab.call('scancel', '-Q', '-n', names.join(','));
    await this.lab.until('all jobs are gone', async () => (await this.openTasks()).length === 0).catch(() => undefined);
    await rm(this.#home, { recursive: true, force: true });
  }
}

/** What an undisturbed run on this machine gives for documents of so many pages; see {@link SlurmProgram.expected}. */
export async function expectedOf(pages: readonly number[]): Promise<Record<string, string>> {
  await using lab = await SlurmLab.start({ nodes: 1 });
  await using program = await SlurmProgram.create(lab, { pages });
  return await program.expected();
}
