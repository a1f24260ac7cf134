import { access, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StoppedError } from '../core/errors.ts';

/** How often a session looks whether somebody asks it to stop. */
const LOOK_MS = 1_000;

function fileOf(runFolder: string): string {
  return join(runFolder, 'stop-requested');
}

/** Asks whoever works on a run, on whatever machine that sees its folder, to stop tidily. */
export async function requestStop(runFolder: string): Promise<void> {
  await writeFile(fileOf(runFolder), '');
}

/** Aborts its signal with a StoppedError once somebody asks; forgets requests that were there before. */
export function watchForStop(runFolder: string): { readonly signal: AbortSignal; close(): Promise<void> } {
  const file = fileOf(runFolder);
  const aborter = new AbortController();
  const cleared = rm(file, { force: true });
  const look = async (): Promise<void> => {
    await cleared;
    await access(file);
    aborter.abort(
      new StoppedError('STOPPED', 'Stopped with ocr-pipeline cancel.', {
        safe: 'All finished pages are kept.',
        remedy: 'ocr-pipeline resume   goes on where it stopped',
      }),
    );
  };
  const timer = setInterval(() => void look().catch(() => undefined), LOOK_MS);
  timer.unref();
  return {
    signal: aborter.signal,
    async close() {
      clearInterval(timer);
      await rm(file, { force: true });
    },
  };
}
