import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { isErrnoOf } from '../core/errno.ts';

/** Before another try where the machine refused to start a program for want of something. */
const PAUSES_MS = [100, 1_000];

/** What starts programs, and how long it waits before other tries. */
export interface Starter {
  readonly spawn: (program: string, args: readonly string[], options: SpawnOptions) => ChildProcess;
  readonly pausesMs: readonly number[];
}

const REAL_STARTER: Starter = { spawn, pausesMs: PAUSES_MS };

/**
 * Starts a program, and answers when it runs. Where the machine has no room for it at the moment (processes, memory, open
 * files) it is tried again, for a second.
 * @throws the system's error, whichever way it came: some refusals are thrown, others are events.
 */
export async function startProgram(
  program: string,
  args: readonly string[],
  options: SpawnOptions,
  starter: Starter = REAL_STARTER,
): Promise<ChildProcess> {
  for (const pauseMs of starter.pausesMs) {
    try {
      return await startOnce(program, args, options, starter);
    } catch (error) {
      if (!isErrnoOf(error, 'limit', 'passing')) throw error;
    }
    await sleep(pauseMs);
  }
  return await startOnce(program, args, options, starter);
}

async function startOnce(
  program: string,
  args: readonly string[],
  options: SpawnOptions,
  starter: Starter,
): Promise<ChildProcess> {
  const child = starter.spawn(program, args, options);
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  return child;
}
