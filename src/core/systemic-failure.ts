import { errorFromRecord, type ErrorRecord, type PipelineError } from './errors.ts';

/** Pages in a row that fail the same way before it is asked whose fault that is: enough not to be chance, few enough not to waste a night. */
export const SYSTEMIC_PAGES = 12;
/** Documents those pages are of, at least, to tell the system's fault without a probe. */
export const SYSTEMIC_DOCUMENTS = 2;

/** Codes that blame what reads, not what is read: a damaged book may have hundreds of PAGE_DAMAGED in a row. */
const BLAMES_SYSTEM = /^(?:ENGINE|READING)_/;
/** An engine that gives an error is at fault itself; one that takes too long or breaks may have met a page that is. */
const BLAMES_ENGINE = /^ENGINE_/;

/**
 * What the pages so far say: `fine`; `doubt`: many in a row failed the same way, so that a page of our own must tell whether
 * the engine still works; `broken`: it does not.
 */
export type SystemVerdict = 'fine' | 'doubt' | 'broken';

/** Notices that it is not the pages that are bad: the same failure of the engine on page after page. */
export class SystemicFailureWatch {
  #code: string | undefined;
  #inARow = 0;
  readonly #documents = new Set<string>();

  /** Takes note of a finished page of a document. Pages that went well start the count again. */
  observe(document: string, error: ErrorRecord | undefined): SystemVerdict {
    if (error === undefined) {
      this.startAgain();
      return 'fine';
    }
    if (!BLAMES_SYSTEM.test(error.code)) return 'fine';
    if (error.code !== this.#code) this.startAgain();
    this.#code = error.code;
    this.#inARow++;
    this.#documents.add(document);
    if (this.#inARow < SYSTEMIC_PAGES) return 'fine';
    return BLAMES_ENGINE.test(error.code) && this.#documents.size >= SYSTEMIC_DOCUMENTS ? 'broken' : 'doubt';
  }

  /** A probe, or a page, has shown that the engine works. */
  startAgain(): void {
    this.#code = undefined;
    this.#inARow = 0;
    this.#documents.clear();
  }
}

/** Documents in a row that fail the same way before the run stops. */
export const SYSTEMIC_DOCUMENTS_IN_A_ROW = 5;

/**
 * Notices that it is not the documents that are bad: one after the other fails in the same way, and that way is one which none
 * of them can have of itself.
 */
export class DocumentFailureWatch {
  #code: string | undefined;
  readonly #inARow = new Set<string>();

  /** A document went well: the count starts again. */
  recordSuccess(): void {
    this.#code = undefined;
    this.#inARow.clear();
  }

  /** Takes note of a document's failure; the error that stops the run where it is the environment's. */
  observe(document: string, error: ErrorRecord): PipelineError | undefined {
    if (error.inARow !== 'environment') return undefined;
    if (error.code !== this.#code) this.recordSuccess();
    this.#code = error.code;
    this.#inARow.add(document);
    if (this.#inARow.size < SYSTEMIC_DOCUMENTS_IN_A_ROW) return undefined;
    return errorFromRecord({
      ...error,
      // What costs a document cannot stop a run by that name.
      family: error.family === 'DocumentError' || error.family === 'PageError' ? 'TransientError' : error.family,
      message: `${this.#inARow.size} documents in a row failed the same way. The last: ${error.message}`,
      safe: 'All that is finished is kept.',
      scope: 'environment',
      inARow: undefined,
    });
  }
}
