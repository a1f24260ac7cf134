import { explainErrno } from '../core/errno.ts';
import { DocumentError, PageError } from '../core/errors.ts';
import type { WorkerEnd } from '../core/process-limits.ts';
import type { WorkerCall, WorkStep } from './protocol.ts';

/** Why a worker was ended, or that it ended by itself. */
export type Breakage = 'crash' | 'timeout' | 'memory';

/** V8's last words where its own heap is full. */
const OUT_OF_HEAP = /heap out of memory|heap limit/;

const DOING: Readonly<Record<WorkStep, string>> = {
  open: 'opening',
  rasterize: 'drawing',
  recognize: 'reading',
  assemble: 'writing',
};

/** Whether a worker's last words tell that it filled the heap it is allowed. */
export function isOutOfHeap(words: string): boolean {
  return OUT_OF_HEAP.test(words);
}

/**
 * The error that blames the page or document at which a worker broke, if nobody knows better: see worker-health.ts. Pure.
 */
export function blameBreakage(
  breakage: Breakage,
  { call, step, timeoutMs }: { readonly call: WorkerCall; readonly step: WorkStep; readonly timeoutMs: number },
  end: WorkerEnd,
  memoryMiB: number,
): PageError | DocumentError {
  const Scope = call === 'read' ? PageError : DocumentError;
  const what = call === 'read' ? 'The page' : 'The file';
  // READING_ blames the engine, which many pages in a row make a fault of the system; see core/systemic-failure.ts.
  const prefix = call !== 'read' ? 'PDF' : step === 'recognize' ? 'READING' : 'PAGE';
  const doing = `(${DOING[step]} it)`;
  if (breakage === 'timeout') {
    const remedy = `If it is a very large ${call === 'read' ? 'page' : 'file'}, raise --page-timeout.`;
    const message = `${what} took longer than ${Math.round(timeoutMs / 1_000)} s ${doing}.`;
    return new Scope(`${prefix}_TIMEOUT`, message, { remedy });
  }
  if (breakage === 'memory')
    return new Scope(`${prefix}_MEMORY`, `${what} needs more than ${memoryMiB} MiB of memory ${doing}.`);
  if (isOutOfHeap(end.words)) return new Scope(`${prefix}_MEMORY`, `${what} needs too much memory ${doing}.`);
  const tail = end.words.trim().split('\n').at(-1) ?? '';
  return new Scope(`${prefix}_CRASHED`, `${what} makes the program break ${doing}.`, {
    why: tail === '' ? describeEnd(end) : tail.slice(0, 200),
  });
}

/** Says how a worker ended that had no words of its own. */
export function describeEnd({ startError, signal, exitCode }: WorkerEnd): string {
  if (startError !== undefined) return `The worker could not be started: ${explainErrno({ code: startError })}.`;
  return signal === undefined ? `The worker ended with code ${exitCode ?? 0}.` : `The worker ended by ${signal}.`;
}
