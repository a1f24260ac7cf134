import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { PageRange, Recipe } from '../../../core/chunk.ts';
import type { PageLimits } from '../../../core/settings.ts';
import type { AppendFile, Disk } from '../../../files/disk.ts';
import { isTaskOrder, isWaveHeader, isWaveLine } from '../../../core/check-shape.ts';
import { parseLine, readLines, sealLine } from '../../../files/ndjson.ts';
import { hasErrno } from '../../../core/errno.ts';

/** What earlier tries of a chunk came to; see decide-retry.ts. */
export interface ChunkHistory {
  /** Tries that ended by no fault of the work: preemption, a node that died. */
  readonly freeTries: number;
  /** Failures while nothing else was in its task. */
  readonly failedAlone: number;
  /** Times that somebody else cancelled it. */
  readonly cancelled: number;
  /** Bytes of the largest file that earlier tries left: a try that adds to them makes progress. */
  readonly keptBytes: number;
}

export const NO_HISTORY: ChunkHistory = { freeTries: 0, failedAlone: 0, cancelled: 0, keptBytes: 0 };

/** A chunk as a task is told to read it. */
export interface ChunkOrder {
  readonly id: string;
  readonly ranges: readonly PageRange[];
  readonly history: ChunkHistory;
}

/** One array task's work. */
export interface TaskOrder {
  /** The array index. */
  readonly index: number;
  /** Pages read at once, at most; absent: as many as the allocation has cores. */
  readonly maxWorkers?: number | undefined;
  readonly chunks: readonly ChunkOrder[];
}

/** What all tasks of a wave have in common. */
export interface WaveHeader {
  readonly wave: number;
  readonly recipe: Recipe;
  readonly limits: PageLimits;
  /** Minutes of the time limit it is submitted with. */
  readonly minutes: number;
  /** Path of the tesseract program on the nodes; absent: the one on PATH there. */
  readonly tesseract?: string | undefined;
  /** Variables the tasks need, by name; nothing secret. */
  readonly environment: Readonly<Record<string, string>>;
}

/** One submission: a job array. */
export interface Wave extends WaveHeader {
  readonly tasks: readonly TaskOrder[];
}

/** How a task is called on the command line of its node: `3-0`, of wave 3 the first. */
export function taskName(wave: number, index: number | string): string {
  return `${wave}-${index}`;
}

export function parseTaskName(name: string): { readonly wave: number; readonly index: number } | undefined {
  const match = /^(\d{1,9})-(\d{1,9})$/.exec(name);
  return match ? { wave: Number(match[1]), index: Number(match[2]) } : undefined;
}

/** A wave as the journal tells it. */
export interface WaveRecord {
  readonly wave: number;
  readonly intentAtMs: number;
  readonly jobId?: string | undefined;
  readonly ended: boolean;
  /** Cores of all its tasks, times the seconds of their time limit; 0 where the journal does not say. */
  readonly askedCoreSeconds: number;
}

/** What pages of finished chunks cost the workers that read them. */
export interface Measured {
  readonly pagesRead: number;
  readonly busyMs: number;
}

/** All that the journal tells. */
export interface JournalRecord {
  /** In order. */
  readonly waves: readonly WaveRecord[];
  /** Chunks whose result was collected; the file may be gone since. */
  readonly done: ReadonlySet<string>;
  readonly measured: Measured;
}

type JournalLine =
  | {
      readonly type: 'intent';
      readonly wave: number;
      readonly at: string;
      readonly tasks: number;
      readonly pages: number;
      /** Of each task; absent in journals of older versions, as is `minutes`. */
      readonly cores?: number | undefined;
      readonly minutes?: number | undefined;
    }
  | { readonly type: 'submitted'; readonly wave: number; readonly at: string; readonly jobId: string }
  | ({ readonly type: 'done'; readonly chunks: readonly string[] } & Measured)
  /** All its chunks are done or in a later wave, or it was refused, or cancelled by us. */
  | { readonly type: 'ended'; readonly wave: number; readonly at: string; readonly why: string };

/**
 * What was ordered from a cluster, in the run folder, few files whatever the number of chunks:
 *
 *     waves/journal.ndjson     intent before each submission, its job after, and its end
 *     waves/<n>.ndjson         the orders of wave n: a header, then a line a task; gone when the wave has ended
 *     waves/logs/<n>-<index>.log   what a task said; gone when it ended well
 */
export class WaveStore {
  readonly folder: string;
  readonly #disk: Disk;
  #journal: AppendFile | undefined;
  #appending: Promise<void> = Promise.resolve();

  constructor(folder: string, disk: Disk) {
    this.folder = folder;
    this.#disk = disk;
  }

  get logsFolder(): string {
    return join(this.folder, 'logs');
  }

  ordersFile(wave: number): string {
    return join(this.folder, `${wave}.ndjson`);
  }

  logFile(wave: number, index: number | string): string {
    return join(this.logsFolder, `${taskName(wave, index)}.log`);
  }

  /** Reads the journal. */
  async load(): Promise<JournalRecord> {
    const waves = new Map<number, { -readonly [K in keyof WaveRecord]: WaveRecord[K] }>();
    const done = new Set<string>();
    const measured = { pagesRead: 0, busyMs: 0 };
    let isDamaged = false;
    for await (const { text } of readLines(join(this.folder, 'journal.ndjson'))) {
      const line = parseLine<JournalLine>(text);
      // A line that was damaged tells nothing; what it told shows itself in the queue, or is ordered anew.
      if (!line || !isWaveLine(line)) {
        isDamaged ||= text !== '';
        continue;
      }
      if (line.type === 'done') {
        for (const id of line.chunks) done.add(id);
        measured.pagesRead += line.pagesRead;
        measured.busyMs += line.busyMs;
        continue;
      }
      // Its intent may be the line that was damaged.
      const wave = waves.get(line.wave) ?? {
        wave: line.wave,
        intentAtMs: Date.parse(line.at),
        ended: false,
        askedCoreSeconds: line.type === 'intent' ? line.tasks * (line.cores ?? 0) * (line.minutes ?? 0) * 60 : 0,
      };
      waves.set(line.wave, wave);
      if (line.type === 'submitted') wave.jobId = line.jobId;
      if (line.type === 'ended') wave.ended = true;
    }
    // Then orders that nothing is told of may be submitted: they are looked for in the queue.
    for (const wave of isDamaged ? await this.#orderedWaves() : [])
      if (!waves.has(wave)) waves.set(wave, { wave, intentAtMs: Date.now(), ended: false, askedCoreSeconds: 0 });
    return { waves: [...waves.values()].sort((a, b) => a.wave - b.wave), done, measured };
  }

  /** Numbers of the waves whose orders are there. */
  async #orderedWaves(): Promise<number[]> {
    const names = await WaveStore.names(this.folder);
    return names.flatMap((name) => (/^\d{1,9}\.ndjson$/.test(name) ? Number.parseInt(name, 10) : []));
  }

  /** Keeps a wave's orders and the intent to submit it, for good, before it is submitted; `cores` are those of a task. */
  async plan(wave: Wave, cores?: number): Promise<void> {
    await this.#disk.makeFolder(this.logsFolder);
    const { tasks, ...header } = wave;
    const lines = [header, ...tasks].map(sealLine);
    await this.#disk.writeWhole(this.ordersFile(wave.wave), lines.join(''));
    const pages = tasks
      .flatMap(({ chunks }) => chunks.flatMap(({ ranges }) => ranges))
      .reduce((sum, { pageNumbers }) => sum + pageNumbers.length, 0);
    const { wave: number, minutes } = wave;
    const at = new Date().toISOString();
    await this.#append({ type: 'intent', wave: number, at, tasks: tasks.length, pages, cores, minutes });
  }

  async submitted(wave: number, jobId: string): Promise<void> {
    await this.#append({ type: 'submitted', wave, at: new Date().toISOString(), jobId });
  }

  /** Notes that the results of chunks are in our hands, before anybody may use and remove them. */
  async collected(chunks: readonly string[], measured: Measured): Promise<void> {
    if (chunks.length > 0) await this.#append({ type: 'done', chunks, ...measured });
  }

  /** Notes that nothing of a wave is waited for any more, and removes its orders. */
  async ended(wave: number, why: string): Promise<void> {
    await this.#append({ type: 'ended', wave, at: new Date().toISOString(), why });
    await this.#disk.remove(this.ordersFile(wave));
  }

  /** Removes orders of waves that have ended: somebody died, or the folder was away, before that could be done. */
  async sweep(waves: readonly WaveRecord[]): Promise<void> {
    const there = new Set(await WaveStore.names(this.folder));
    for (const { wave, ended } of waves)
      if (ended && there.has(basename(this.ordersFile(wave)))) await this.#disk.remove(this.ordersFile(wave));
  }

  /** Reads the orders of a wave, but for those of tasks that are damaged; undefined where they are gone, or their header is damaged. */
  async read(wave: number): Promise<Wave | undefined> {
    let header: WaveHeader | undefined;
    const tasks: TaskOrder[] = [];
    for await (const { text } of readLines(this.ordersFile(wave))) {
      if (header) tasks.push(...parseTask(text));
      else if (!(header = parseHeader(text))) return undefined;
    }
    return header && { ...header, tasks };
  }

  /** Reads the order of one task, without keeping those of others. */
  async readTask(
    wave: number,
    index: number,
  ): Promise<{ readonly header: WaveHeader; readonly task: TaskOrder } | undefined> {
    let header: WaveHeader | undefined;
    for await (const { text } of readLines(this.ordersFile(wave))) {
      if (!header) {
        if (!(header = parseHeader(text))) return undefined;
        continue;
      }
      if (!text.startsWith(`{"index":${index},`)) continue;
      const [task] = parseTask(text);
      return task && { header, task };
    }
    return undefined;
  }

  /** Removes the log of a task that ended well. */
  async dropLog(wave: number, index: number): Promise<void> {
    await this.#disk.remove(this.logFile(wave, index));
  }

  /** Names of the files of a folder of the run; none where there is no such folder. */
  static async names(folder: string): Promise<readonly string[]> {
    return await readdir(folder).catch((error: unknown) => {
      if (hasErrno(error, 'ENOENT')) return [];
      throw error;
    });
  }

  /** One after the other: the file is opened by the first, and closed by one that fails. */
  #append(line: JournalLine): Promise<void> {
    const written = this.#appending.then(() => this.#write(line));
    this.#appending = written.catch(() => undefined);
    return written;
  }

  async #write(line: JournalLine): Promise<void> {
    try {
      this.#journal ??= await this.#disk.openAppend(join(this.folder, 'journal.ndjson'));
      await this.#journal.append(sealLine(line));
      await this.#journal.sync();
    } catch (error) {
      await this.#journal?.close().catch(() => undefined);
      this.#journal = undefined;
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#appending;
    await this.#journal?.close();
    this.#journal = undefined;
  }
}

function parseHeader(text: string): WaveHeader | undefined {
  const header = parseLine<WaveHeader>(text);
  return isWaveHeader(header) ? header : undefined;
}

/** None where the line is damaged. */
function parseTask(text: string): readonly TaskOrder[] {
  const task = parseLine<TaskOrder>(text);
  return task && isTaskOrder(task) ? [task] : [];
}
