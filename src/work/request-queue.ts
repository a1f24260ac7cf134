/** A page that takes longer than this is no usual one; the others go before what is left of its document. */
const USUAL_MS = 10_000;

/** Pages of one document that wait or are in hand. */
interface Lane<T> {
  readonly waiting: T[];
  /** When those in hand were taken. */
  readonly startedMs: Map<T, number>;
  /** Time its pages took beyond what is usual. */
  overrunMs: number;
  /** The page that ended last did not end at a limit, so that the next will hardly do. */
  isProven: boolean;
}

/**
 * Requests that wait for a worker. Urgent ones go first, in order. Pages go round the documents: each worker stays with its
 * document, the next takes another one, and a document whose pages take unusually long comes after all others, so that it
 * delays itself only. What is to run alone waits until nothing else is there.
 */
export class RequestQueue<T extends object> {
  readonly #size: number;
  readonly #urgent: T[] = [];
  readonly #urgentStartedMs = new Map<T, number>();
  readonly #alone: T[] = [];
  readonly #lanes = new Map<string, Lane<T>>();
  readonly #clock: () => number;
  #inHand = 0;
  #alonenessOf: T | undefined;

  /** `size`: workers that take from it. */
  constructor(size: number, clock: () => number = () => performance.now()) {
    this.#size = size;
    this.#clock = clock;
  }

  addUrgent(request: T): void {
    this.#urgent.push(request);
  }

  /** Adds one that runs when no other does. */
  addAlone(request: T): void {
    this.#alone.push(request);
  }

  add(lane: string, request: T): void {
    const known = this.#lanes.get(lane);
    if (known) known.waiting.push(request);
    else this.#lanes.set(lane, { waiting: [request], startedMs: new Map(), overrunMs: 0, isProven: false });
  }

  /** Pages wait. */
  get hasPages(): boolean {
    return [...this.#lanes.values()].some(({ waiting }) => waiting.length > 0);
  }

  /** Pages of slow documents that wait, but for the next of each. */
  get heldBack(): number {
    let count = 0;
    for (const lane of this.#lanes.values())
      if (this.#slowness(lane) > 0) count += Math.max(0, lane.waiting.length - 1);
    return count;
  }

  /** It runs alone: nothing else may be begun. */
  get isAlone(): boolean {
    return this.#alonenessOf !== undefined;
  }

  /**
   * Takes out what a worker should do next; undefined where it should wait.
   * @param own the lane whose document the worker has open.
   * @param moreToCome other documents are on their way: then one whose pages may all be slow gets one worker and no more.
   */
  take(own: string | undefined, moreToCome: boolean): T | undefined {
    if (this.#alonenessOf) return undefined;
    const nowMs = this.#clock();
    const lane = this.#choose(own, moreToCome, nowMs);
    const overdue = [...this.#urgentStartedMs.values()].filter((startedMs) => nowMs - startedMs > USUAL_MS).length;
    // Files that do not open must not take every worker from the pages of others.
    if (this.#urgent.length > 0 && (overdue === 0 || overdue < this.#size - 1 || !lane)) {
      const request = this.#urgent.shift();
      if (request) this.#urgentStartedMs.set(request, nowMs);
      return this.#begun(request);
    }
    if (lane) {
      const request = lane.waiting.shift();
      if (request) lane.startedMs.set(request, nowMs);
      return this.#begun(request);
    }
    if (this.#inHand > 0 || this.hasPages || this.#alone.length === 0) return undefined;
    this.#alonenessOf = this.#alone.shift();
    return this.#begun(this.#alonenessOf);
  }

  #begun(request: T | undefined): T | undefined {
    if (request) this.#inHand++;
    return request;
  }

  #choose(own: string | undefined, moreToCome: boolean, nowMs: number): Lane<T> | undefined {
    let best: Lane<T> | undefined;
    let bestRank: readonly [slowness: number, others: number] = [Infinity, Infinity];
    for (const [key, lane] of this.#lanes) {
      if (lane.waiting.length === 0) continue;
      if (moreToCome && !lane.isProven && lane.startedMs.size > 0) continue;
      const rank = [this.#slowness(lane, nowMs), key === own ? -1 : lane.startedMs.size] as const;
      if (rank[0] < bestRank[0] || (rank[0] === bestRank[0] && rank[1] < bestRank[1])) {
        best = lane;
        bestRank = rank;
      }
    }
    return best;
  }

  /** Usual pages that its overruns are worth. */
  #slowness({ overrunMs, startedMs }: Lane<T>, nowMs = this.#clock()): number {
    let sum = overrunMs;
    for (const each of startedMs.values()) sum += Math.max(0, nowMs - each - USUAL_MS);
    return Math.floor(sum / USUAL_MS);
  }

  /** Notes that one that was taken has ended; `atLimit`: it ran out of time or memory, or broke its worker. */
  ended(lane: string, request: T, atLimit: boolean): void {
    this.#inHand--;
    this.#urgentStartedMs.delete(request);
    if (this.#alonenessOf === request) this.#alonenessOf = undefined;
    const known = this.#lanes.get(lane);
    const startedMs = known?.startedMs.get(request);
    if (!known || startedMs === undefined) return;
    known.startedMs.delete(request);
    known.overrunMs += Math.max(0, this.#clock() - startedMs - USUAL_MS);
    known.isProven = !atLimit;
    this.#tidy(lane, known);
  }

  /** Takes out one that waits and is not wanted any more. */
  drop(lane: string, request: T): void {
    const known = this.#lanes.get(lane);
    for (const waiting of [this.#urgent, this.#alone, known?.waiting ?? []]) {
      const index = waiting.indexOf(request);
      if (index >= 0) waiting.splice(index, 1);
    }
    if (known) this.#tidy(lane, known);
  }

  #tidy(key: string, { waiting, startedMs }: Lane<T>): void {
    if (waiting.length === 0 && startedMs.size === 0) this.#lanes.delete(key);
  }

  /** Takes out all that wait. */
  clear(): readonly T[] {
    const all = [...this.#urgent.splice(0), ...this.#alone.splice(0)];
    for (const [key, lane] of this.#lanes) {
      all.push(...lane.waiting.splice(0));
      this.#tidy(key, lane);
    }
    return all;
  }
}
