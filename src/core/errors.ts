import { explainErrno, readErrno } from './errno.ts';

/** Exit codes of the program: sysexits.h where one fits; Node itself uses 1 to 14. docs/exit-codes.md explains each. */
export const EXIT = {
  ok: 0,
  usage: 64,
  someFailed: 65,
  noInput: 66,
  missingDependency: 69,
  bug: 70,
  output: 74,
  temporary: 75,
  access: 77,
  config: 78,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What a person needs to know beside the message. Each part is one or two short sentences. */
export interface Advice {
  /** Why we think it happened. */
  readonly why?: string | undefined;
  /** What is safe: finished pages, files that were not touched. */
  readonly safe?: string | undefined;
  /** One thing to do. May hold several lines. */
  readonly remedy?: string | undefined;
}

/**
 * Whose fault an error is, and so what it costs: one page; one document; what a store (Box, a folder) would do, which stops the
 * run after the work that needs no store; this machine, node, disk or network, which stops the run and is told by its
 * name; or the run itself. The adapter that raises an error sets it, from numbers and types.
 */
export type ErrorScope = 'page' | 'document' | 'store' | 'environment' | 'run';

/** An error as plain JSON, so that it crosses process boundaries and fits in the ledger. */
export interface ErrorRecord extends Advice {
  readonly family: ErrorFamily;
  readonly code: string;
  readonly message: string;
  /** Absent in records of older versions: then the family's own. */
  readonly scope?: ErrorScope | undefined;
  readonly inARow?: RepeatedFault | undefined;
}

/**
 * Whose fault it is where several items in a row fail like this. Absent: their own, however many they are, as of damaged PDFs
 * and names that are taken.
 */
export type RepeatedFault = 'environment';

/** How an error is raised, beside its words. */
export interface ErrorDetails extends ErrorOptions {
  /** Where it is not the family's own: a name that is taken is an OutputError of one document. */
  readonly scope?: ErrorScope | undefined;
  readonly inARow?: RepeatedFault | undefined;
}

/**
 * Base of every error this program means to raise. `code` is stable (`PDF_ENCRYPTED`); `message` says what happened in a
 * person's words; `scope` says whose fault it is.
 */
export abstract class PipelineError extends Error {
  abstract readonly family: ErrorFamily;
  abstract readonly exitCode: ExitCode;
  readonly code: string;
  readonly advice: Advice;
  readonly inARow: RepeatedFault | undefined;
  readonly #scope: ErrorScope | undefined;

  constructor(code: string, message: string, advice: Advice = {}, { scope, inARow, ...options }: ErrorDetails = {}) {
    super(message, options);
    this.code = code;
    this.advice = advice;
    this.inARow = inARow;
    this.#scope = scope;
  }

  get scope(): ErrorScope {
    return this.#scope ?? FAMILY_SCOPES[this.family];
  }

  override get name(): string {
    return this.family;
  }

  toRecord(): ErrorRecord {
    const { family, code, message, advice, scope, inARow } = this;
    return {
      family,
      code,
      message,
      ...advice,
      ...(scope === FAMILY_SCOPES[family] ? {} : { scope }),
      ...(inARow === undefined ? {} : { inARow }),
    };
  }
}

/** The command line was wrong; nothing was started. */
export class UsageError extends PipelineError {
  override readonly family = 'UsageError';
  override readonly exitCode = EXIT.usage;
}

/** A setting, from whatever source, was wrong; nothing was started. */
export class ConfigError extends PipelineError {
  override readonly family = 'ConfigError';
  override readonly exitCode = EXIT.config;
}

/** There is nothing to work on, and the message says why. */
export class NoInputError extends PipelineError {
  override readonly family = 'NoInputError';
  override readonly exitCode = EXIT.noInput;
}

/** Something the program needs is not installed: Tesseract, language data, a container, sbatch. */
export class MissingDependencyError extends PipelineError {
  override readonly family = 'MissingDependencyError';
  override readonly exitCode = EXIT.missingDependency;
}

/** Not logged in, login ended, or no permission. The run stops and can be resumed. */
export class AccessError extends PipelineError {
  override readonly family = 'AccessError';
  override readonly exitCode = EXIT.access;
}

/** One document cannot be processed; the run goes on. Trying again with the same bytes will not help. */
export class DocumentError extends PipelineError {
  override readonly family = 'DocumentError';
  override readonly exitCode = EXIT.someFailed;
}

/** One page cannot be processed; the document and the run go on. */
export class PageError extends PipelineError {
  override readonly family = 'PageError';
  override readonly exitCode = EXIT.someFailed;
}

/** Network or throttling, after all retries. The run stops and can be resumed. */
export class TransientError extends PipelineError {
  override readonly family = 'TransientError';
  override readonly exitCode = EXIT.temporary;
}

/** Results cannot be stored: disk full, quota, digest differs, name taken. Nothing half-written is left. */
export class OutputError extends PipelineError {
  override readonly family = 'OutputError';
  override readonly exitCode = EXIT.output;
}

/** The person asked to stop, or a time limit came near. Finished pages are kept. */
export class StoppedError extends PipelineError {
  override readonly family = 'StoppedError';
  override readonly exitCode = EXIT.temporary;
}

/** A defect of this program. */
export class InternalError extends PipelineError {
  override readonly family = 'InternalError';
  override readonly exitCode = EXIT.bug;
}

const FAMILIES = {
  UsageError,
  ConfigError,
  NoInputError,
  MissingDependencyError,
  AccessError,
  DocumentError,
  PageError,
  TransientError,
  OutputError,
  StoppedError,
  InternalError,
};

export type ErrorFamily = keyof typeof FAMILIES;

const FAMILY_SCOPES: Readonly<Record<ErrorFamily, ErrorScope>> = {
  UsageError: 'run',
  ConfigError: 'run',
  NoInputError: 'run',
  MissingDependencyError: 'environment',
  AccessError: 'store',
  DocumentError: 'document',
  PageError: 'page',
  TransientError: 'store',
  OutputError: 'environment',
  StoppedError: 'run',
  InternalError: 'run',
};

/** Rebuilds an error from its record, in the class its family names. */
export function errorFromRecord(record: ErrorRecord): PipelineError {
  const { family, code, message, why, safe, remedy, scope, inARow } = record;
  const Family = FAMILIES[family] ?? InternalError;
  return new Family(code, message, { why, safe, remedy }, { scope, inARow });
}

/**
 * Turns anything thrown into a PipelineError. What the operating system refuses where nobody expected it is told as its refusal;
 * what else we did not foresee becomes an InternalError. Each keeps its cause.
 */
export function asPipelineError(error: unknown): PipelineError {
  if (error instanceof PipelineError) return error;
  const system = readErrno(error);
  // No call of ours should bring about the odd ones.
  if (system && system.kind !== 'odd') return systemRefusal(error);
  const message = error instanceof Error ? error.message : String(error);
  return new InternalError('INTERNAL', message, {}, { cause: error });
}

function systemRefusal(error: unknown): PipelineError {
  const { path, syscall } = error as { path?: unknown; syscall?: unknown };
  const what = typeof path === 'string' ? path : typeof syscall === 'string' ? syscall : 'this machine';
  const isRoom = readErrno(error)?.kind === 'room';
  const Family = isRoom ? OutputError : TransientError;
  return new Family(
    isRoom ? 'WRITE_FAILED' : 'SYSTEM_REFUSED',
    `The system refused (${what}): ${explainErrno(error)}.`,
    { safe: 'All that is finished is kept.', remedy: 'Mend what it names, then the same command.' },
    { scope: 'environment', cause: error },
  );
}

/** The reason of an aborted signal as an error of ours: what the one who aborted gave, or StoppedError. */
export function stopReason(signal: AbortSignal): PipelineError {
  const reason: unknown = signal.reason;
  return reason instanceof PipelineError
    ? reason
    : new StoppedError(
        'STOPPED',
        'Stopped before the end.',
        { safe: 'All that is finished is kept.' },
        { cause: reason },
      );
}

/** @throws {PipelineError} the signal was aborted. */
export function throwIfStopped(signal: AbortSignal): void {
  if (signal.aborted) throw stopReason(signal);
}
