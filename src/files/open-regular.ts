import { constants, type Stats } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';

/** A file that is no file, or too large for what it should be. `problem` follows the file's name: "is a folder". */
export class UnfitFileError extends Error {
  readonly problem: string;

  constructor(file: string, problem: string) {
    super(`${file} ${problem}`);
    this.problem = problem;
  }
}

/**
 * Opens a file to read, which may have been put there by somebody else. Never waits for a writer, whatever is there: a named
 * pipe, a device. The facts are of what was opened. The caller closes it.
 * @throws {UnfitFileError} it is not a regular file. System errors pass as they are.
 */
export async function openRegular(file: string): Promise<{ readonly handle: FileHandle; readonly facts: Stats }> {
  // Without O_NONBLOCK opening a named pipe waits for whoever writes to it; without O_NOCTTY a terminal would become ours.
  const handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0));
  try {
    const facts = await handle.stat();
    if (facts.isFile()) return { handle, facts };
    throw new UnfitFileError(file, `is ${sortOf(facts)}, not a file`);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** The bytes of a file, part by part, opened as {@link openRegular} does. */
export async function* readRegular(
  file: string,
  { partBytes = 1 << 20, signal }: { readonly partBytes?: number; readonly signal?: AbortSignal | undefined } = {},
): AsyncGenerator<Buffer> {
  const { handle } = await openRegular(file);
  // The stream closes the file.
  yield* handle.createReadStream({ highWaterMark: partBytes, ...(signal === undefined ? {} : { signal }) });
}

function sortOf(facts: Stats): string {
  if (facts.isDirectory()) return 'a folder';
  if (facts.isFIFO()) return 'a named pipe';
  if (facts.isSocket()) return 'a socket';
  return 'a device';
}
