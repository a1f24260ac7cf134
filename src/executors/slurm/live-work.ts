import type { Chunk } from '../../core/chunk.ts';
import type { ErrorRecord } from '../../core/errors.ts';
import type { QueueRow } from './parse/parse-queue.ts';
import type { ChunkHistory, Wave } from './store/wave-store.ts';

/** A chunk that was ordered and has not been forgotten. */
export interface LiveChunk {
  readonly chunk: Chunk;
  history: ChunkHistory;
  state: 'open' | 'done' | 'failed' | 'lost';
  error?: ErrorRecord | undefined;
  /** The task it is in now; a chunk that is tried again moves to a new one. */
  task?: LiveTask | undefined;
}

/** An array task some of whose chunks have no result yet. */
export interface LiveTask {
  readonly wave: LiveWave;
  readonly index: number;
  readonly maxWorkers?: number | undefined;
  /** All of its chunks when it was ordered. */
  readonly chunkCount: number;
  readonly open: Set<LiveChunk>;
  state: 'waiting' | 'running' | 'gone';
  /** Why it waits, in Slurm's word. */
  reason: string;
  node: string;
  /** This coordinator has seen it wait or run. */
  seenLive: boolean;
  /** How many polls in a row have shown a reason that will never pass. */
  hopelessPolls: number;
  /** Since when nothing, or nothing but an unexplained end, is heard of it. */
  goneSinceMs?: number | undefined;
  /** Its end as the queue showed it, which soon forgets. */
  endRow?: QueueRow | undefined;
}

export interface LiveWave {
  readonly wave: number;
  readonly jobName: string;
  readonly minutes: number;
  jobId?: string | undefined;
  readonly orderedAtMs: number;
  /** An earlier coordinator ordered it. */
  readonly isInherited: boolean;
  readonly tasks: Map<number, LiveTask>;
}

/** All work that is out, by wave, task and chunk. Holds no files and asks nobody. */
export class LiveWork {
  readonly chunks = new Map<string, LiveChunk>();
  readonly waves = new Map<number, LiveWave>();

  /**
   * Takes in a wave. Chunks of earlier waves that are in it move to it. Of one that an earlier coordinator ordered `isDone`
   * tells which chunks are finished; they are left out.
   */
  add(wave: Wave, jobName: string, orderedAtMs: number, isDone?: (chunkId: string) => boolean): LiveWave {
    const live: LiveWave = {
      wave: wave.wave,
      jobName,
      minutes: wave.minutes,
      orderedAtMs,
      isInherited: isDone !== undefined,
      tasks: new Map(),
    };
    this.waves.set(wave.wave, live);
    for (const { index, maxWorkers, chunks } of wave.tasks) {
      const task: LiveTask = {
        wave: live,
        index,
        maxWorkers,
        chunkCount: chunks.length,
        open: new Set(),
        state: 'waiting',
        reason: '',
        node: '',
        seenLive: false,
        hopelessPolls: 0,
      };
      live.tasks.set(index, task);
      for (const { id, ranges, history } of chunks) {
        if (isDone?.(id)) continue;
        const known = this.chunks.get(id);
        known?.task?.open.delete(known);
        const chunk: LiveChunk = known ?? {
          chunk: { id, ranges, recipe: wave.recipe, limits: wave.limits },
          history,
          state: 'open',
        };
        Object.assign(chunk, { history, task, state: 'open' });
        this.chunks.set(id, chunk);
        task.open.add(chunk);
      }
    }
    return live;
  }

  /** Keeps a chunk that is in no task: it waits to be ordered. */
  defer(chunk: Chunk, history: ChunkHistory): void {
    const known = this.chunks.get(chunk.id);
    known?.task?.open.delete(known);
    this.chunks.set(chunk.id, { chunk, history, state: 'open' });
  }

  /** Gives a chunk its end state. */
  settle(chunk: LiveChunk, state: 'done' | 'failed' | 'lost', error?: ErrorRecord): void {
    chunk.state = state;
    chunk.error = error;
    chunk.task?.open.delete(chunk);
    chunk.task = undefined;
  }

  /** Forgets a wave that was never submitted, and its chunks. */
  drop(wave: LiveWave): void {
    this.waves.delete(wave.wave);
    for (const { open } of wave.tasks.values()) for (const { chunk } of open) this.chunks.delete(chunk.id);
  }

  /** Chunks without an end. */
  get open(): LiveChunk[] {
    return [...this.chunks.values()].filter(({ state }) => state === 'open');
  }

  /** Tasks with open chunks, in the order they were ordered. */
  get tasks(): LiveTask[] {
    return [...this.waves.values()].flatMap(({ tasks }) => [...tasks.values()].filter(({ open }) => open.size > 0));
  }

  /** Takes out the waves of which nothing is open, and answers with them. */
  takeEnded(): LiveWave[] {
    const ended = [...this.waves.values()].filter(({ tasks }) =>
      [...tasks.values()].every(({ open }) => open.size === 0),
    );
    for (const { wave } of ended) this.waves.delete(wave);
    return ended;
  }
}
