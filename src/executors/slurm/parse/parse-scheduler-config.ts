/** What the scheduler is like, as far as it matters here. */
export interface SchedulerConfig {
  readonly clusterName: string;
  /** `22.05.8` */
  readonly version: string;
  /** The highest array index is one less. */
  readonly maxArraySize: number;
  /** Jobs and array tasks in the whole queue. */
  readonly maxJobCount: number;
  /** How long the queue remembers a job that ended, in seconds. */
  readonly minJobAgeS: number;
  /** From TERM to KILL at a job's end, in seconds. */
  readonly killWaitS: number;
  /** `sacct` can be asked. */
  readonly hasAccounting: boolean;
  /** Every job takes whole nodes, whatever the partition says. */
  readonly wholeNodesOnly: boolean;
}

/** Slurm's own defaults: slurm.conf(5). */
const DEFAULTS = { maxArraySize: 1_001, maxJobCount: 10_000, minJobAgeS: 300, killWaitS: 30 } as const;

/** Reads `scontrol show config`; what is not in it is taken to be Slurm's default. Pure. */
export function parseSchedulerConfig(text: string): SchedulerConfig {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const fit = /^\s*(\w+)\s+=\s*(.*?)\s*$/.exec(line);
    if (fit?.[1] !== undefined) values.set(fit[1].toLowerCase(), fit[2] ?? '');
  }
  const number = (key: string, fallback: number): number => {
    // `300 sec`
    const fit = /^\d+/.exec(values.get(key) ?? '');
    return fit ? Number(fit[0]) : fallback;
  };
  const storage = values.get('accountingstoragetype') ?? '';
  return {
    clusterName: values.get('clustername') ?? '',
    version: values.get('slurm_version') ?? '',
    maxArraySize: number('maxarraysize', DEFAULTS.maxArraySize),
    maxJobCount: number('maxjobcount', DEFAULTS.maxJobCount),
    minJobAgeS: number('minjobage', DEFAULTS.minJobAgeS),
    killWaitS: number('killwait', DEFAULTS.killWaitS),
    hasAccounting: storage !== '' && !/none|null/i.test(storage),
    wholeNodesOnly: values.get('selecttype') === 'select/linear',
  };
}
