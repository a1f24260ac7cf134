import { hostname } from 'node:os';
import type { RunProgress } from '../core/progress.ts';
import type { SessionParts } from './session-parts.ts';

/** How often observers hear of progress, and how often it is written as a sign of life. */
const OBSERVE_MS = 250;
const SIGN_OF_LIFE_MS = 2_000;

/** Shows how far a session is: to whoever watches it here, and as a file to whoever looks at the run folder. */
export class ProgressReports {
  readonly #parts: SessionParts;
  readonly #startedAt: Date;
  readonly #timers: NodeJS.Timeout[] = [];
  #phase: RunProgress['phase'] = 'listing';

  constructor(parts: SessionParts, startedAt: Date) {
    this.#parts = parts;
    this.#startedAt = startedAt;
  }

  /** Begins to report, at once and then again and again. */
  start(): void {
    const { observer, run } = this.#parts;
    const observe = setInterval(() => observer.progress(this.#read()), OBSERVE_MS);
    const write = setInterval(() => void run.writeProgress(this.#read()), SIGN_OF_LIFE_MS);
    for (const timer of [observe, write]) this.#timers.push(timer.unref());
    observer.progress(this.#read());
    void run.writeProgress(this.#read());
  }

  /** Enters a phase; that pages in hand are being finished is shown at once. */
  enter(phase: 'working' | 'stopping'): void {
    this.#phase = phase;
    if (phase === 'stopping') this.#parts.observer.progress(this.#read());
  }

  /** Reports a last time that the session has ended. */
  async end(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#phase = 'ended';
    const progress = this.#read();
    this.#parts.observer.progress(progress);
    await this.#parts.run.writeProgress(progress);
  }

  #read(): RunProgress {
    const { run, meter, pool, where, executor } = this.#parts;
    return {
      run: run.record.name,
      source: { name: run.record.source.name, id: run.record.source.ids[0] ?? '' },
      at: new Date().toISOString(),
      startedAt: this.#startedAt.toISOString(),
      host: hostname(),
      pid: process.pid,
      phase: this.#phase,
      where,
      workers: executor.pagesAtOnce,
      reading: pool.active,
      ...meter.read(Date.now()),
    };
  }
}
