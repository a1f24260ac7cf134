import type { AccountingRow } from './parse/parse-accounting.ts';
import type { Association } from './parse/parse-associations.ts';
import type { Partition } from './parse/parse-partitions.ts';
import type { QueueRow } from './parse/parse-queue.ts';
import type { SchedulerConfig } from './parse/parse-scheduler-config.ts';

/**
 * Talks to a scheduler for one person. No answer is never an end: what was asked is then `undefined`, and orders are refused
 * with a TransientError. Where Slurm is not installed every method throws MissingDependencyError (SLURM_MISSING).
 */
export interface SlurmClient {
  /**
   * Submits a job script with all its options in it. Settles when Slurm has taken it.
   * @returns the job's ID; undefined where Slurm took it and did not say the number: look for its name.
   * @throws {ConfigError} Slurm refuses it, and why. @throws {TransientError} SLURM_UNREACHABLE: whether it was taken is not
   * known, so look for its name before trying again; SLURM_QUEUE_FULL: it was not taken, and may be later.
   */
  submit(script: string, signal: AbortSignal): Promise<string | undefined>;
  /** All jobs and tasks with these names that wait, run, or have ended lately, in one call; undefined when there is no answer. */
  queue(jobNames: readonly string[], signal: AbortSignal): Promise<readonly QueueRow[] | undefined>;
  /** What accounting knows of jobs, by ID or, for the last 30 days, by name. `unavailable`: the cluster keeps none. */
  accounting(
    of: AccountingQuestion,
    signal: AbortSignal,
  ): Promise<readonly AccountingRow[] | 'unavailable' | undefined>;
  /** Ends all jobs of a name, or some tasks of its array. What has ended already is no error. @throws {TransientError} no answer. */
  cancel(jobName: string, arrayIndexes: readonly number[] | undefined, signal: AbortSignal): Promise<void>;
  config(signal: AbortSignal): Promise<SchedulerConfig | undefined>;
  partitions(signal: AbortSignal): Promise<readonly Partition[] | undefined>;
  /** Accounts and QoS that may be used; `unavailable` where the cluster keeps no accounts. */
  associations(signal: AbortSignal): Promise<readonly Association[] | 'unavailable' | undefined>;
  /** When Slurm thinks that the first waiting job of this name will start; undefined when it does not say. */
  startEstimate(jobName: string, signal: AbortSignal): Promise<Date | undefined>;
}

export type AccountingQuestion = { readonly jobIds: readonly string[] } | { readonly jobNames: readonly string[] };
