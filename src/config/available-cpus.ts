import { readFile } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import {
  countCpus,
  parseCfsQuota,
  parseCpuMax,
  parseMemoryMax,
  parseProcCgroup,
  parseSlurmCpus,
  withParents,
  type CpuLimits,
} from '../core/cpu-count.ts';

const CGROUP_ROOT = '/sys/fs/cgroup';

/** The processors this process may use: its affinity, its cgroup's quota and what Slurm gave it. */
export async function readCpuLimits(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<CpuLimits> {
  return { available: availableParallelism(), quota: await readQuota(), allocated: parseSlurmCpus(environment) };
}

/** How many pages to read at once here. */
export async function readAvailableCpus(): Promise<number> {
  return countCpus(await readCpuLimits());
}

/** Bytes of memory this process may use: the machine's, or its cgroup's limit where that is lower. */
export async function readAvailableMemory(): Promise<number> {
  const limits = await eachCgroupFolder('memory', async (folder, version) =>
    ifRead(parseMemoryMax, await readIfThere(join(folder, version === 2 ? 'memory.max' : 'memory.limit_in_bytes'))),
  );
  return Math.min(totalmem(), ...limits);
}

async function readQuota(): Promise<number | undefined> {
  const quotas = await eachCgroupFolder('cpu', async (folder, version) => {
    if (version === 2) return ifRead(parseCpuMax, await readIfThere(join(folder, 'cpu.max')));
    const quota = await readIfThere(join(folder, 'cpu.cfs_quota_us'));
    const period = await readIfThere(join(folder, 'cpu.cfs_period_us'));
    return quota === undefined || period === undefined ? undefined : parseCfsQuota(quota, period);
  });
  return quotas.length > 0 ? Math.min(...quotas) : undefined;
}

function ifRead(parse: (text: string) => number | undefined, text: string | undefined): number | undefined {
  return text === undefined ? undefined : parse(text);
}

/** Asks our own control group and those above it; only found limits are in the answer. */
async function eachCgroupFolder(
  controller: string,
  read: (folder: string, version: 1 | 2) => Promise<number | undefined>,
): Promise<readonly number[]> {
  const places = parseProcCgroup((await readIfThere('/proc/self/cgroup')) ?? '');
  const found: number[] = [];
  for (const place of places) {
    const version = place.controllers.length === 0 ? 2 : 1;
    if (version === 1 && !place.controllers.includes(controller)) continue;
    const root = version === 2 ? CGROUP_ROOT : join(CGROUP_ROOT, controller);
    for (const path of withParents(place.path)) {
      const limit = await read(join(root, path), version);
      if (limit !== undefined) found.push(limit);
    }
  }
  return found;
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch {
    // No such file system, no such controller, or not ours to read: then nothing is said.
    return undefined;
  }
}
