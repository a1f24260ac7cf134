import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { LIMITS, RECIPE } from './pool-setup.ts';

const WORKER = resolve(import.meta.dirname, '../../src/app/worker-main.ts');

/** Starts a worker as the pool does, says its process ID, and dies at once, before the worker has begun. */
const OWNER = `
  const { fork } = require('node:child_process');
  const worker = fork(process.argv[1], [process.argv[2]], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  require('node:fs').writeSync(1, String(worker.pid));
  process.kill(process.pid, 'SIGKILL');
`;

test('a worker whose owner was killed at once ends too, and does not stay busy', async () => {
  for (let round = 0; round < 4; round++) {
    const owner = spawn(process.execPath, ['-e', OWNER, WORKER, JSON.stringify({ recipe: RECIPE, limits: LIMITS })], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    owner.stdout.on('data', (part: Buffer) => (said += part.toString()));
    await once(owner, 'close');
    expect(Number(said)).toBeGreaterThan(1);
    while (isAlive(Number(said))) await sleep(50);
  }
});

/** A process that has ended and that nobody has reaped is none. */
function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/su.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
