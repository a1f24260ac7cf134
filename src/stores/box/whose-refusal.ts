import { errorFromRecord, type PipelineError } from '../../core/errors.ts';
import { DOWNLOAD, type BoxCallError } from './transport/box-call-error.ts';

/** Files that Box refuses one after another before it is no longer believed that each is an exception. */
const MAX_IN_A_ROW = 5;
/** What is said of a login or an account, whatever was asked. */
const OF_THE_ACCOUNT = new Set(['insufficient_scope', 'storage_limit_exceeded']);
/** Ways in which an answer about one file may end wrongly each time while the network is well. */
const OF_A_FILE = new Set(['CUT', 'WRONG_RANGE']);

/**
 * Whether a refusal may be about the one file that was asked for: then the folder is asked before others are given up. Login,
 * throttling and the network are nobody's own; an answer of the download host is about what the link is for.
 */
export function mayBeOneFiles({ status, code, facts }: BoxCallError): boolean {
  if (status === 0) return code !== undefined && OF_A_FILE.has(code);
  if (code !== undefined && OF_THE_ACCOUNT.has(code)) return false;
  if (status === 401) return facts.operation === DOWNLOAD;
  return status >= 400 && status !== 407 && status !== 429;
}

/** Counts refusals of single files: an exception that repeats over several in a row is the folder's rule. */
export class RefusalCount {
  #inARow = 0;

  recordSuccess(): void {
    this.#inARow = 0;
  }

  /** The refusal as the file's own fault, so that the others go on; as it was where it is one of several in a row. */
  note(refusal: PipelineError): PipelineError {
    if (++this.#inARow >= MAX_IN_A_ROW) return refusal;
    return errorFromRecord({ ...refusal.toRecord(), scope: 'document' });
  }
}
