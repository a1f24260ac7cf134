import { setTimeout as sleep } from 'node:timers/promises';
import { asPipelineError, DocumentError, PageError, type PipelineError } from '../core/errors.ts';
import type { CallAnswerer } from './answer-calls.ts';
import type { FromWorker, ToWorker, WorkerCall, WorkStep } from './protocol.ts';

/** How long work whose page was given up may take to settle. */
const SETTLE_MS = 2_000;

interface InHand {
  readonly threw: PromiseWithResolvers<never>;
  lateError?: unknown;
}

/**
 * Answers the requests of a worker's owner, one after the other. What a library throws late, from a timer or as a promise that
 * nobody waits for, is damage of the page in hand, or a failure of the engine that reads it, and not the end of the worker.
 */
export class CallServer {
  readonly #answerer: Pick<CallAnswerer, 'call'>;
  readonly #tell: (message: FromWorker) => void;
  readonly #giveUp: () => void;
  #inHand: InHand | undefined;
  #step: WorkStep = 'open';
  #turn = Promise.resolve();

  /** `giveUp` ends the worker: work goes on that cannot be stopped, and would be in the way of the next. */
  constructor(answerer: Pick<CallAnswerer, 'call'>, tell: (message: FromWorker) => void, giveUp: () => void) {
    this.#answerer = answerer;
    this.#tell = tell;
    this.#giveUp = giveUp;
  }

  /** Takes a request; it is begun when the last one has come to its end. */
  take(message: ToWorker): void {
    this.#turn = this.#turn.then(() => this.#answer(message));
  }

  /** Notes what is being done for the request in hand. */
  enter(step: WorkStep): void {
    this.#step = step;
  }

  takeLateError(error: unknown): void {
    if (!this.#inHand) {
      process.stderr.write(`thrown while idle: ${error instanceof Error ? error.message : String(error)}\n`);
      return;
    }
    this.#inHand.lateError ??= error;
    this.#inHand.threw.reject(error);
  }

  async #answer(message: ToWorker): Promise<void> {
    // What was thrown may belong to the page before: the page in hand has a second try.
    for (const isLast of [false, true]) if (await this.#answerOnce(message, isLast)) return;
  }

  /** False where a late error came, and the work that it came over has settled: it may be tried again. */
  async #answerOnce({ id, call, request }: ToWorker, isLast: boolean): Promise<boolean> {
    this.#step = 'open';
    const mine: InHand = { threw: Promise.withResolvers<never>() };
    mine.threw.promise.catch(() => undefined);
    this.#inHand = mine;
    const work = this.#answerer.call(call, request);
    try {
      const result = await Promise.race([work, mine.threw.promise]);
      this.#tell({ type: 'answer', id, answer: result });
      return true;
    } catch (error) {
      const isLate = mine.lateError !== undefined && error === mine.lateError;
      const settled = !isLate || (await settlesSoon(work));
      if (isLate && settled && !isLast) return false;
      const failure = isLate ? blameLate(error, call, request, this.#step) : asPipelineError(error);
      this.#tell({ type: 'error', id, error: failure.toRecord() });
      if (!settled) this.#giveUp();
      return true;
    } finally {
      this.#inHand = undefined;
    }
  }
}

function blameLate(error: unknown, call: WorkerCall, request: unknown, step: WorkStep): PipelineError {
  const advice = { why: error instanceof Error ? error.message : String(error) };
  // An engine is at fault itself, until others show that it can read.
  if (step === 'recognize') return new PageError('ENGINE_FAILED', 'The engine broke over this page.', advice);
  const { pageNumber = 1 } = request as { readonly pageNumber?: number };
  return call === 'read' || call === 'readImage' || call === 'rasterize'
    ? new PageError('PAGE_DAMAGED', `Page ${pageNumber} cannot be read: its content is damaged.`, {
        ...advice,
        safe: 'The other pages go on.',
      })
    : new DocumentError('PDF_DAMAGED', 'The PDF is damaged.', { ...advice, safe: 'The other documents go on.' });
}

function settlesSoon(work: Promise<unknown>): Promise<boolean> {
  const settled = work.then(
    () => true,
    () => true,
  );
  return Promise.race([settled, sleep(SETTLE_MS, false)]);
}
