import { MissingDependencyError, type PipelineError } from '../core/errors.ts';
import { findLimit } from '../files/find-limit.ts';
import { describeEnd } from './blame-breakage.ts';
import type { WorkerBrokeError } from './page-worker.ts';

/** Documents in a row that break their workers, alone too, before a limit is blamed though a page of our own can be read. */
const SUSPICIOUS_DOCUMENTS = 3;

/**
 * Knows whether it is the documents that break workers or the machine: its limits of memory, processes or files. A document is
 * to blame only where workers do their work otherwise.
 */
export class WorkerHealth {
  readonly #probe: () => Promise<PipelineError | undefined>;
  readonly #inARow = new Set<string>();
  #hasWorked = false;
  #probing: Promise<PipelineError | undefined> | undefined;

  /** `probe` reads a page of our own, and tells why that fails. */
  constructor(probe: () => Promise<PipelineError | undefined>) {
    this.#probe = probe;
  }

  /** Notes that a worker has given an answer. */
  worked(): void {
    this.#hasWorked = true;
    this.#inARow.clear();
  }

  /** Notes that a document has broken all workers that it was given. @throws {MissingDependencyError} `LIMIT_...`, `WORKERS_BREAK`: it is not the document. */
  async blame(broke: WorkerBrokeError, document: string): Promise<void> {
    this.#inARow.add(document);
    const suspicious = this.#inARow.size >= SUSPICIOUS_DOCUMENTS;
    const cannotStart = broke.end.startError !== undefined;
    const suspect = await findLimit(broke.end);
    // The kernel ends whatever is past these, and says so by a signal of their own.
    const isTold = suspect?.isSure === true && (suspect.kind === 'CPU_TIME' || suspect.kind === 'FILE_SIZE');
    if (this.#hasWorked && !suspicious && !cannotStart && !isTold) return;
    const failure = await (this.#probing ??= this.#probe());
    this.#probing = undefined;
    const isSure = isTold || (suspicious && suspect?.isSure === true && !broke.ranOutOfHeap);
    if (failure === undefined && !cannotStart && !isSure) return;
    const advice = {
      why: firstWords(broke.end.words) ?? describeEnd(broke.end),
      safe: 'The documents are not to blame. All that is finished is kept.',
    };
    if (suspect) {
      throw new MissingDependencyError(
        `LIMIT_${suspect.kind}`,
        `Page workers cannot do their work here: a limit on ${suspect.name} is too low.`,
        { ...advice, remedy: suspect.remedy },
      );
    }
    throw new MissingDependencyError(
      'WORKERS_BREAK',
      cannotStart
        ? 'Page workers cannot be started here.'
        : 'Page workers break here whatever they are given, a page of our own too.',
      { ...advice, remedy: 'ocr-pipeline doctor   to see what is wrong, then the same command.' },
    );
  }
}

/** The first line that says something; V8 frames its last words with signs. */
function firstWords(text: string): string | undefined {
  const line = text.split('\n').find((each) => /[a-z]{3}/i.test(each));
  return line?.replace(/^[#\s]+/, '').slice(0, 200);
}
