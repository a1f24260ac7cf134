/** What limits the processors we may use; each absent where nothing is said. */
export interface CpuLimits {
  /** Processors this process may be scheduled on. */
  readonly available: number;
  /** The cgroup's quota, in processors; may be a fraction. */
  readonly quota?: number | undefined;
  /** What Slurm gave the job or task. */
  readonly allocated?: number | undefined;
}

/** How many pages to read at once: the least of the limits, whole, at least 1. */
export function countCpus({ available, quota, allocated }: CpuLimits): number {
  return Math.max(1, Math.floor(Math.min(available, quota ?? Infinity, allocated ?? Infinity)));
}

/** Processors from cgroup v2's `cpu.max` (`200000 100000`, `max 100000`); `undefined` where there is no limit. */
export function parseCpuMax(text: string): number | undefined {
  const [quota, period] = text.trim().split(/\s+/);
  return ratio(Number(quota), Number(period));
}

/** Processors from cgroup v1's `cpu.cfs_quota_us` and `cpu.cfs_period_us`; a quota of -1 is no limit. */
export function parseCfsQuota(quotaText: string, periodText: string): number | undefined {
  return ratio(Number(quotaText.trim()), Number(periodText.trim()));
}

function ratio(quota: number, period: number): number | undefined {
  return quota > 0 && period > 0 && Number.isFinite(quota / period) ? quota / period : undefined;
}

/** Bytes from cgroup's `memory.max` or `memory.limit_in_bytes`; `undefined` where there is no limit. */
export function parseMemoryMax(text: string): number | undefined {
  const bytes = Number(text.trim());
  // cgroup v1 writes "no limit" as the largest multiple of the page size below 2^63.
  return bytes > 0 && bytes < 2 ** 62 ? bytes : undefined;
}

/** Processors from Slurm's variables (sbatch(1), OUTPUT ENVIRONMENT VARIABLES): those of the task, else of the node. */
export function parseSlurmCpus(environment: Readonly<Record<string, string | undefined>>): number | undefined {
  for (const name of ['SLURM_CPUS_PER_TASK', 'SLURM_CPUS_ON_NODE']) {
    const value = environment[name];
    if (value !== undefined && /^[1-9]\d{0,5}$/.test(value)) return Number(value);
  }
  return undefined;
}

/** One controller's place in the hierarchy, from a line of `/proc/self/cgroup` (cgroups(7)). */
export interface CgroupPlace {
  /** Empty for version 2. */
  readonly controllers: readonly string[];
  /** Begins with `/`. */
  readonly path: string;
}

export function parseProcCgroup(text: string): readonly CgroupPlace[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\d+:([^:]*):(\/.*)$/.exec(line);
    return match ? [{ controllers: (match[1] ?? '').split(',').filter(Boolean), path: match[2] ?? '/' }] : [];
  });
}

/** A path and all its parents, deepest first: limits hold from above too. */
export function withParents(path: string): readonly string[] {
  const parts = path.split('/').filter((part) => part !== '' && part !== '..');
  return Array.from({ length: parts.length + 1 }, (_, cut) => `/${parts.slice(0, parts.length - cut).join('/')}`);
}
