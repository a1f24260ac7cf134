import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { inspect } from 'node:util';
import { homeFolder, type CallingShell } from '../config/config-files.ts';
import { redact } from '../core/redact.ts';

const MAX_LENGTH = 200_000;

/** An error with its stack and causes, for whoever mends it. Holds no secrets. */
export function describeCrash(error: unknown, facts: readonly string[]): string {
  const parts: string[] = [...facts];
  for (let cause: unknown = error, depth = 0; cause !== undefined && depth < 5; depth++) {
    const told = cause instanceof Error ? (cause.stack ?? cause.message) : inspect(cause, { depth: 2 });
    parts.push(depth === 0 ? told : `Caused by: ${told}`);
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return redact(parts.join('\n').slice(0, MAX_LENGTH));
}

/**
 * Keeps the description of a crash in `$XDG_STATE_HOME/ocr-pipeline/last-crash.log`, readable by its owner alone.
 * Answers with the path, or `undefined` where it could not be kept: a crash must not fail for want of a log.
 */
export async function writeCrashLog(description: string, { environment }: CallingShell): Promise<string | undefined> {
  const xdg = environment['XDG_STATE_HOME'];
  const folder = join(xdg?.startsWith('/') ? xdg : join(homeFolder(environment), '.local', 'state'), 'ocr-pipeline');
  const file = join(folder, 'last-crash.log');
  try {
    // Not `recursive`: Node never comes back from that where a file system answers ENOENT below a folder that is there.
    for (const path of [dirname(dirname(folder)), dirname(folder), folder]) await mkdir(path).catch(() => undefined);
    await writeFile(file, `${description}\n`, { mode: 0o600 });
    return file;
  } catch {
    return undefined;
  }
}
