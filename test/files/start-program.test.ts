import type { ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { isErrnoOf } from '../../src/core/errno.ts';
import { startProgram, type Starter } from '../../src/files/start-program.ts';
import { ALL_ERRNOS, systemError } from '../support/system-errors.ts';

/** Refuses so many times, by a throw or by an event, and starts it then. */
function refusing(refusal: Error, way: 'throws' | 'emits', times: number): { starter: Starter; tries: () => number } {
  let tries = 0;
  const spawn = (): ChildProcess => {
    const child = new EventEmitter();
    tries++;
    if (tries > times) process.nextTick(() => child.emit('spawn'));
    else if (way === 'throws') throw refusal;
    else process.nextTick(() => child.emit('error', refusal));
    return child as ChildProcess;
  };
  return { starter: { spawn, pausesMs: [0, 0] }, tries: () => tries };
}

describe('a program that the system does not start', () => {
  it.each(ALL_ERRNOS)('for %s is refused with that, whichever way it is told', async (_name, number) => {
    const refusal = systemError(number, { syscall: 'spawn x', path: 'x' });
    const mayPass = isErrnoOf(refusal, 'limit', 'passing');
    for (const way of ['throws', 'emits'] as const) {
      const { starter, tries } = refusing(refusal, way, Infinity);
      await expect(startProgram('x', [], {}, starter)).rejects.toBe(refusal);
      expect(tries()).toBe(mayPass ? 3 : 1);
    }
  });

  it('for want of processes or memory is tried again', async () => {
    for (const way of ['throws', 'emits'] as const) {
      const { starter, tries } = refusing(systemError(11), way, 2);
      await startProgram('x', [], {}, starter);
      expect(tries()).toBe(3);
    }
  });
});
