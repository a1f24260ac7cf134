import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
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

/** Starts a worker, has it open a file, and says its process ID when it does. */
const READING_OWNER = `
  const { fork } = require('node:child_process');
  const [, entry, setup, file] = process.argv;
  const worker = fork(entry, [setup], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  const inspect = (id, file) => worker.send({ id, call: 'inspect', request: { file } });
  worker.on('message', ({ type }) => {
    // A file that is not there first: then all that opening needs is loaded.
    if (type === 'ready') inspect(1, file + '.none');
    if (type === 'error') {
      worker.on('message', () => require('node:fs').writeSync(1, String(worker.pid)));
      inspect(2, file);
    }
  });
`;

test.skipIf(process.platform === 'win32')(
  'a worker whose owner was killed while a file kept it waiting ends too',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'orphan-'));
    try {
      // Nobody writes to it: whoever opens it to read waits.
      const file = join(folder, 'scan.pdf');
      execFileSync('mkfifo', [file]);
      const setup = JSON.stringify({ recipe: RECIPE, limits: LIMITS });
      const owner = spawn(process.execPath, ['-e', READING_OWNER, WORKER, setup, file], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const [said] = (await once(owner.stdout, 'data')) as [Buffer];
      const pid = Number(said.toString());
      expect(pid).toBeGreaterThan(1);
      owner.kill('SIGKILL');
      while (isAlive(pid)) await sleep(50);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
);

/** A process that has ended and that nobody has reaped is none. */
function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/su.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
