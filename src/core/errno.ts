import { constants } from 'node:os';
import { ERRNO_TABLE, type ErrnoKind } from './errno-table.ts';

export type { ErrnoKind } from './errno-table.ts';

/** Why the operating system refused a call. */
export interface SystemError {
  /** `ENOSPC`; `errno 524` for a number that Linux does not list. */
  readonly name: string;
  readonly kind: ErrnoKind;
  /** What it means, in words that can follow a colon. */
  readonly words: string;
}

/** What to do where a limit of this process or machine (kind `limit`) is why. */
export const RAISE_LIMIT = 'Raise the limit, or start fewer programs beside this one; then the same command.';

const BY_NAME = new Map<string, SystemError>();
const BY_NUMBER = new Map<number, SystemError>();

/** Other systems number them otherwise, and list fewer. */
const OWN_NUMBERS: Readonly<Record<string, number>> = constants.errno;

for (const [kind, entries] of Object.entries(ERRNO_TABLE)) {
  for (const [name, linuxNumber, words] of entries) {
    const entry: SystemError = { name, kind: kind as ErrnoKind, words };
    const number = OWN_NUMBERS[name] ?? (process.platform === 'linux' ? linuxNumber : undefined);
    BY_NAME.set(name, entry);
    if (number !== undefined && !BY_NUMBER.has(number)) BY_NUMBER.set(number, entry);
  }
}

/** libuv's own numbers begin here (uv/errno.h): they are of no system, and have names in `code`. */
const LIBUV_NUMBERS_FROM = 3_000;

/**
 * Reads why the operating system refused a call; undefined where the error is not the system's. By number where libuv has no
 * name: `code` is then `Unknown system error -122`.
 */
export function readErrno(error: unknown): SystemError | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const known = code === undefined ? undefined : BY_NAME.get(code);
  if (known) return known;
  // zlib numbers its own errors from -1 down.
  if (code?.startsWith('Z_')) return undefined;
  const number = 'errno' in error && typeof error.errno === 'number' ? Math.abs(error.errno) : 0;
  if (number === 0) return undefined;
  if (number >= LIBUV_NUMBERS_FROM) return ofLibuv(code ?? `errno ${number}`);
  return BY_NUMBER.get(number) ?? { name: `errno ${number}`, kind: 'odd', words: 'the system gives no reason we know' };
}

/** Names that cannot be looked up (`ENOTFOUND`, `EAI_AGAIN`) are trouble of the network; the rest is nobody's in particular. */
function ofLibuv(name: string): SystemError {
  return /^(?:EAI_|ENOTFOUND$)/.test(name)
    ? { name, kind: 'passing', words: 'the name of the other machine cannot be looked up' }
    : { name, kind: 'odd', words: 'the system gives no reason we know' };
}

/** The name of why the system refused a call; undefined where the error is not the system's. */
export function errnoOf(error: unknown): string | undefined {
  return readErrno(error)?.name;
}

/** True where the system refused a call for one of these reasons. */
export function hasErrno(error: unknown, ...names: readonly string[]): boolean {
  const name = errnoOf(error);
  return name !== undefined && names.includes(name);
}

/** True where what the system says is of one of these kinds. */
export function isErrnoOf(error: unknown, ...kinds: readonly ErrnoKind[]): boolean {
  const kind = readErrno(error)?.kind;
  return kind !== undefined && kinds.includes(kind);
}

/** `no room is left on the disk (ENOSPC)`; the error's own message where it is not the system's. */
export function explainErrno(error: unknown): string {
  const system = readErrno(error);
  if (system) return `${system.words} (${system.name})`;
  if (error instanceof Error) return error.message;
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : String(error);
}
