import { safeJson } from '../core/safe-json.ts';
import type { AppendFile, Disk } from '../files/disk.ts';

/** One line of `log.ndjson`. */
export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly event: string;
  readonly document?: string | undefined;
  readonly pageNumber?: number | undefined;
  readonly stage?: string | undefined;
  readonly durationMs?: number | undefined;
  readonly text?: string | undefined;
  /** An error's stack, for defects of ours. */
  readonly stack?: string | undefined;
}

/** How long lines may wait in memory. */
const FLUSH_MS = 1_000;

/** The run's log. Never fails: what cannot be logged is dropped. Holds no secret and nothing that harms a terminal. */
export class RunLog {
  readonly #run: string;
  readonly #open: () => Promise<AppendFile>;
  #lines = '';
  #file: AppendFile | undefined;
  #flushing: Promise<void> = Promise.resolve();
  readonly #timer: NodeJS.Timeout;

  constructor(run: string, path: string, disk: Disk) {
    this.#run = run;
    this.#open = () => disk.openAppend(path);
    this.#timer = setInterval(() => void this.#flush(), FLUSH_MS);
    this.#timer.unref();
  }

  write(line: LogLine): void {
    this.#lines += `${safeJson({ time: new Date().toISOString(), run: this.#run, ...line })}\n`;
  }

  #flush(): Promise<void> {
    this.#flushing = this.#flushing.then(async () => {
      const lines = this.#lines;
      this.#lines = '';
      if (lines === '') return;
      try {
        this.#file ??= await this.#open();
        await this.#file.append(lines);
      } catch {
        // A log that cannot be written must not stop the work; a full disk shows itself where it matters.
      }
    });
    return this.#flushing;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#flush();
    await this.#file?.close().catch(() => undefined);
  }
}
