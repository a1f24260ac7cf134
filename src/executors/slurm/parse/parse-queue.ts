/** One job or array task as the queue shows it: waiting, running, or ended no longer ago than MinJobAge. */
export interface QueueRow {
  readonly jobName: string;
  /** Of the whole array: what `sbatch` answered. */
  readonly jobId: string;
  /** Absent for a job that is no array. */
  readonly arrayIndex?: number | undefined;
  /** As Slurm writes it: `PENDING`, `RUNNING`, `COMPLETED`, `OUT_OF_MEMORY`. */
  readonly state: string;
  /** Why it waits, or how it ended: `Priority`, `PartitionTimeLimit`, `NonZeroExitCode`. */
  readonly reason: string;
  /** Where it runs or ran; empty before. */
  readonly nodes: string;
}

/** What `squeue` is asked for. The name comes last: it alone may hold a bar. */
export const QUEUE_FORMAT = '%F|%K|%T|%N|%r|%j';

/** Reads the answer to QUEUE_FORMAT; lines that do not fit are left out. Pure. */
export function parseQueue(text: string): QueueRow[] {
  return text.split('\n').flatMap((line) => {
    const [jobId, index, state, nodes, reason, ...name] = line.split('|');
    if (jobId === undefined || !/^\d+$/.test(jobId) || state === undefined || reason === undefined || name.length === 0)
      return [];
    const arrayIndex = index !== undefined && /^\d+$/.test(index) ? Number(index) : undefined;
    return [
      {
        jobName: name.join('|').trim(),
        jobId,
        arrayIndex,
        state,
        reason: reason === 'None' ? '' : reason,
        nodes: nodes ?? '',
      },
    ];
  });
}
