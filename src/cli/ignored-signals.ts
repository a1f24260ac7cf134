import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { basename } from 'node:path';

/** What tells of the start of this process. */
export interface StartFacts {
  readonly pid: number;
  readonly parentPid: number;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Text of a file; undefined where it cannot be read. */
  readonly read: (file: string) => string | undefined;
}

/** Signals that end a program which does not listen for them. SIGQUIT is not here: bash, as the launcher's shell, always ignores it. */
const ENDING = ['SIGHUP', 'SIGINT', 'SIGUSR1', 'SIGUSR2', 'SIGTERM'] as const;

/** Of a parent's mask only these count: a shell at a prompt ignores SIGTERM for itself. */
const HANDED_DOWN: readonly NodeJS.Signals[] = ['SIGHUP', 'SIGINT'];

/**
 * Signals that whoever started this process wants ignored, as nohup does, and shells for jobs in the background. Node makes all
 * signals end it again as it starts, so the mask is read before, by the launcher: `OCR_IGNORED_SIGNALS`, with the number
 * of the process that it becomes. Without a launcher they are known from the parent, whose children ignore what it ignores,
 * and from the shell's `_`, which names nohup.
 */
export function ignoredAtStart({ pid, parentPid, environment, read }: StartFacts): ReadonlySet<NodeJS.Signals> {
  const [told, mask] = (environment['OCR_IGNORED_SIGNALS'] ?? '').split(':');
  if (told === String(pid)) return new Set(signalsOf(mask));
  const ofParent = /^SigIgn:\s*([\da-f]+)$/im.exec(read(`/proc/${parentPid}/status`) ?? '')?.[1];
  const ignored = new Set(signalsOf(ofParent).filter((name) => HANDED_DOWN.includes(name)));
  if (basename(environment['_'] ?? '') === 'nohup') ignored.add('SIGHUP');
  return ignored;
}

/** Reads a mask of proc(5), SigIgn: the bit of a signal is its number less one. */
function signalsOf(mask: string | undefined): readonly NodeJS.Signals[] {
  if (mask === undefined || !/^[\da-f]{1,32}$/i.test(mask)) return [];
  const bits = BigInt(`0x${mask}`);
  return ENDING.filter((name) => ((bits >> BigInt(constants.signals[name] - 1)) & 1n) === 1n);
}

/** The facts of this process. */
export function factsOfThisStart(): StartFacts {
  return { pid: process.pid, parentPid: process.ppid, environment: process.env, read: readIfThere };
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
