import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import {
  countCpus,
  parseCfsQuota,
  parseCpuMax,
  parseMemoryMax,
  parseProcCgroup,
  parseSlurmCpus,
  withParents,
} from '../../src/core/cpu-count.ts';
import { readAvailableMemory, readCpuLimits } from '../../src/config/available-cpus.ts';
import { requireTools } from '../support/requires.ts';
import { HANG_MS } from '../support/hang.ts';

describe('how many pages at once', () => {
  it('takes the least of what is allowed, whole, and at least one', () => {
    expect(countCpus({ available: 8 })).toBe(8);
    expect(countCpus({ available: 8, quota: 2.5 })).toBe(2);
    expect(countCpus({ available: 8, quota: 0.5 })).toBe(1);
    expect(countCpus({ available: 64, allocated: 4, quota: 16 })).toBe(4);
  });

  it('reads the quotas of both versions of control groups', () => {
    expect(parseCpuMax('200000 100000\n')).toBe(2);
    expect(parseCpuMax('max 100000\n')).toBeUndefined();
    expect(parseCpuMax('')).toBeUndefined();
    expect(parseCfsQuota('150000\n', '100000\n')).toBe(1.5);
    expect(parseCfsQuota('-1\n', '100000\n')).toBeUndefined();
    expect(parseMemoryMax('1073741824\n')).toBe(1_073_741_824);
    expect(parseMemoryMax('max\n')).toBeUndefined();
    expect(parseMemoryMax('9223372036854771712\n')).toBeUndefined();
  });

  it('prefers what Slurm gave the task to what it gave the node', () => {
    expect(parseSlurmCpus({ SLURM_CPUS_ON_NODE: '32' })).toBe(32);
    expect(parseSlurmCpus({ SLURM_CPUS_ON_NODE: '32', SLURM_CPUS_PER_TASK: '4' })).toBe(4);
    expect(parseSlurmCpus({ SLURM_CPUS_ON_NODE: '4(x2)' })).toBeUndefined();
    expect(parseSlurmCpus({})).toBeUndefined();
  });

  it('finds our groups, and the ones above that limit us too', () => {
    expect(parseProcCgroup('0::/user.slice/a:b\n')).toEqual([{ controllers: [], path: '/user.slice/a:b' }]);
    expect(parseProcCgroup('12:cpu,cpuacct:/docker/1\n1:name=systemd:/x\n')).toEqual([
      { controllers: ['cpu', 'cpuacct'], path: '/docker/1' },
      { controllers: ['name=systemd'], path: '/x' },
    ]);
    expect(withParents('/a/b/../c')).toEqual(['/a/b/c', '/a/b', '/a', '/']);
  });

  it('reads this machine', async () => {
    const limits = await readCpuLimits({});
    expect(limits.available).toBeGreaterThanOrEqual(1);
    expect(limits.allocated).toBeUndefined();
    expect((await readCpuLimits({ SLURM_CPUS_PER_TASK: '3' })).allocated).toBe(3);
    expect(await readAvailableMemory()).toBeGreaterThan(100_000_000);
  });

  const taskset = requireTools(['taskset']);
  it.skipIf(taskset.skip)('honours the affinity of the process', async () => {
    const module = new URL('../../src/config/available-cpus.ts', import.meta.url).href;
    const script = `const { readAvailableCpus } = await import(${JSON.stringify(module)}); console.log(await readAvailableCpus());`;
    const { stdout } = await promisify(execFile)(
      'taskset',
      ['-c', '0', process.execPath, '--input-type=module', '-e', script],
      { timeout: HANG_MS },
    );
    expect(stdout).toBe('1\n');
  });
});
