import { closeSync, openSync, readSync } from 'node:fs';

/** Pages of /proc/pid/statm; 4 KiB on x86-64 and on the usual arm64 kernels. */
const PAGE_KIB = 4;
/** More than statm ever has, and room for the IDs of some hundred children. */
const BUFFER_BYTES = 4096;

/**
 * Tells the resident memory of a process and its direct children, as often as asked. Its files stay open between readings:
 * to open and close them takes ten times as long as to read them. Synchronous on purpose: short reads of a memory file
 * system. What no process has any more, or no `/proc` tells, is undefined.
 */
export class MemoryGauge implements Disposable {
  readonly #buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  readonly #own: number | undefined;
  readonly #children: number | undefined;
  readonly #ofChildren = new Map<string, number | undefined>();

  constructor(pid: number) {
    this.#own = open(`/proc/${pid}/statm`);
    this.#children = open(`/proc/${pid}/task/${pid}/children`);
  }

  /** In MiB, with pages that processes share counted for each; undefined where the process is gone. */
  read(): number | undefined {
    const own = this.#readPages(this.#own);
    if (own === undefined) return undefined;
    const children = (this.#readText(this.#children) ?? '').split(' ').filter((pid) => pid.trim() !== '');
    for (const [pid, file] of this.#ofChildren) {
      if (children.includes(pid)) continue;
      close(file);
      this.#ofChildren.delete(pid);
    }
    let pages = own;
    for (const pid of children) {
      if (!this.#ofChildren.has(pid)) this.#ofChildren.set(pid, open(`/proc/${pid}/statm`));
      pages += this.#readPages(this.#ofChildren.get(pid)) ?? 0;
    }
    return (pages * PAGE_KIB) / 1024;
  }

  [Symbol.dispose](): void {
    for (const file of [this.#own, this.#children, ...this.#ofChildren.values()]) close(file);
    this.#ofChildren.clear();
  }

  #readPages(file: number | undefined): number | undefined {
    const text = this.#readText(file);
    return text === undefined || text === '' ? undefined : Number(text.split(' ')[1]);
  }

  #readText(file: number | undefined): string | undefined {
    if (file === undefined) return undefined;
    try {
      return this.#buffer.toString('latin1', 0, readSync(file, this.#buffer, 0, BUFFER_BYTES, 0));
    } catch {
      return undefined;
    }
  }
}

function open(file: string): number | undefined {
  try {
    return openSync(file, 'r');
  } catch {
    return undefined;
  }
}

function close(file: number | undefined): void {
  if (file !== undefined) closeSync(file);
}
