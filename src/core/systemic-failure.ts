import type { ErrorRecord } from './errors.ts';

/** Pages in a row that fail the same way before the run stops: enough not to be chance, few enough not to waste a night. */
export const SYSTEMIC_PAGES = 12;

/** Codes that blame what reads, not what is read: a damaged book may have hundreds of PAGE_DAMAGED in a row. */
const BLAMES_SYSTEM = /^(?:ENGINE|READING)_/;

/** Notices that it is not the pages that are bad: the same failure of the engine on page after page. */
export class SystemicFailureWatch {
  #code: string | undefined;
  #inARow = 0;

  /** Takes note of a finished page; true when the run should stop. Pages that went well start the count again. */
  observe(error: ErrorRecord | undefined): boolean {
    if (error === undefined) {
      this.#code = undefined;
      this.#inARow = 0;
      return false;
    }
    if (!BLAMES_SYSTEM.test(error.code)) return false;
    this.#inARow = error.code === this.#code ? this.#inARow + 1 : 1;
    this.#code = error.code;
    return this.#inARow >= SYSTEMIC_PAGES;
  }
}
