import { appendFile, readFile, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_MS = 20;

/** Beside a gate: a byte for each page that passed it. */
export function passedFile(gate: string): string {
  return `${gate}.passed`;
}

/**
 * Waits while a gate is shut, so that a test can do harm while work is left, however fast the machine is. The file holds a
 * number: so many pages pass, in all processes together, give or take those that come at the same moment. Without the file
 * all pass.
 * @throws {unknown} the signal's reason, once it is aborted.
 */
export async function passGate(gate: string, signal: AbortSignal): Promise<void> {
  while ((await passed(gate)) >= (await allowed(gate))) await sleep(LOOK_MS, undefined, { signal });
  await appendFile(passedFile(gate), '.');
}

async function allowed(gate: string): Promise<number> {
  const text = await readFile(gate, 'utf8').catch(() => undefined);
  // One that is being written anew may be empty for a moment.
  return text === undefined ? Infinity : Number(text);
}

async function passed(gate: string): Promise<number> {
  return await stat(passedFile(gate)).then(
    ({ size }) => size,
    () => 0,
  );
}
