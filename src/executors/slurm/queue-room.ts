import { TransientError } from '../../core/errors.ts';
import type { OrderGroup } from './decide/plan-wave.ts';

/** A full queue is tried again each minute, and whenever a job of ours has ended. */
const RETRY_MS = 60_000;
/** How long it may be full while nothing of ours is in it; then the run stops and can be resumed. */
const PATIENCE_MS = 30 * 60_000;

/** What is asked for beyond the chunks themselves. */
export interface OrderOptions {
  readonly secondsAPage: number | undefined;
  /** At least this long. */
  readonly minutes?: number | undefined;
  readonly excludeNodes?: readonly string[] | undefined;
}

/** What found no room in Slurm's queue. */
export interface WaitingOrder {
  readonly groups: readonly OrderGroup[];
  readonly options: OrderOptions;
}

/** How much Slurm's queue is likely to take, and what waits for room in it. */
export class QueueRoom {
  /** The oldest first. */
  #waiting: WaitingOrder[] = [];
  #tasks = Infinity;
  #nextTryMs = 0;
  /** Since when there is no room although nothing of ours is in the queue. */
  #fullSinceMs: number | undefined;

  /** Something waits. */
  get isFull(): boolean {
    return this.#waiting.length > 0;
  }

  /** Tasks that are likely to be taken at once: halved when they were refused, doubled when they were taken. */
  get tasks(): number {
    return this.#tasks;
  }

  recordTaken(tasks: number): void {
    this.#tasks = Math.max(this.#tasks, tasks) * 2;
  }

  recordRefused(tasks: number): void {
    this.#tasks = Math.max(1, Math.floor(tasks / 2));
  }

  /** All that there was has been taken. */
  recordAllTaken(): void {
    this.#tasks = Infinity;
  }

  /** Keeps an order until there is room. @returns whether it is the first for which there is none. */
  defer(order: WaitingOrder, nowMs: number): boolean {
    const isFirst = !this.isFull && this.#fullSinceMs === undefined;
    this.#waiting.push(order);
    this.#fullSinceMs ??= nowMs;
    this.#nextTryMs = nowMs + RETRY_MS;
    return isFirst;
  }

  /** Orders to try again now; those that are not reached go back with {@link putBack}. `hasEnded`: a job of ours has. */
  takeDue(hasEnded: boolean, nowMs: number): readonly WaitingOrder[] {
    if (!hasEnded && nowMs < this.#nextTryMs) return [];
    const due = this.#waiting;
    this.#waiting = [];
    return due;
  }

  putBack(orders: readonly WaitingOrder[]): void {
    this.#waiting.push(...orders);
  }

  /**
   * Notes how it stands after a try. `hasTasks`: something of ours is in the queue, and will make room.
   * @throws {TransientError} `SLURM_QUEUE_FULL`: there was no room for half an hour, with nothing of ours in the queue.
   */
  checkPatience(hasTasks: boolean, nowMs: number): void {
    if (!this.isFull || hasTasks) {
      this.#fullSinceMs = this.isFull ? nowMs : undefined;
      return;
    }
    if (nowMs - (this.#fullSinceMs ?? nowMs) < PATIENCE_MS) return;
    throw new TransientError('SLURM_QUEUE_FULL', 'Slurm takes no jobs of yours, for half an hour now.', {
      why: 'Your account, your QoS or the whole queue has all the jobs it may have, and none of them is of this run.',
      safe: 'All finished pages are kept; nothing of this run is in the queue.',
      remedy: 'The same command again when some have ended.',
    });
  }
}
