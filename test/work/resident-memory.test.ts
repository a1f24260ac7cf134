import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { MemoryGauge } from '../../src/work/resident-memory.ts';

const need = existsSync('/proc/self/statm') ? undefined : 'no /proc here';

/** Takes so many MiB and says so, then starts a child of its own that does the same, where told to. */
const TAKE = `
  const { spawn } = require('node:child_process');
  const taken = Buffer.alloc(Number(process.argv[1]) * 2 ** 20, 1);
  let child;
  process.stdout.write('ready\\n');
  process.stdin.on('data', (word) => {
    if (String(word).startsWith('end')) { child.once('exit', () => process.stdout.write('gone ' + taken.length + '\\n')); child.kill('SIGKILL'); return; }
    child = spawn(process.execPath, ['-e', 'const b = Buffer.alloc(300 * 2 ** 20, 1); console.log("ready", b.length); setInterval(() => {}, 1000)']);
    child.stdout.once('data', () => process.stdout.write('child\\n'));
  });`;

describe.skipIf(need !== undefined)(`memory of a process${need === undefined ? '' : ` (${need})`}`, () => {
  let started: ChildProcess | undefined;
  afterEach(() => started?.kill('SIGKILL'));

  async function start(mib: number): Promise<ChildProcess & { readonly pid: number }> {
    started = spawn(process.execPath, ['-e', TAKE, String(mib)], { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(started.stdout!, 'data');
    return started as ChildProcess & { readonly pid: number };
  }

  async function tell(child: ChildProcess, word: string): Promise<void> {
    child.stdin!.write(word);
    await once(child.stdout!, 'data');
  }

  it('is that of the process and of the children it has at the moment', async () => {
    const child = await start(200);
    using gauge = new MemoryGauge(child.pid);
    const alone = gauge.read()!;
    expect(alone).toBeGreaterThan(200);
    expect(alone).toBeLessThan(400);
    await tell(child, 'start');
    expect(gauge.read()).toBeGreaterThan(alone + 300);
    await tell(child, 'end');
    expect(gauge.read()).toBeLessThan(alone + 50);
  });

  it('is unknown of a process that is gone, and none of its files stay open', async () => {
    const before = readdirSync('/proc/self/fd').length;
    const child = await start(1);
    {
      using gauge = new MemoryGauge(child.pid);
      child.kill('SIGKILL');
      await once(child, 'exit');
      expect(gauge.read()).toBeUndefined();
    }
    started = undefined;
    child.stdin!.destroy();
    child.stdout!.destroy();
    using never = new MemoryGauge(2 ** 22 + 1);
    expect(never.read()).toBeUndefined();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before);
  });
});
