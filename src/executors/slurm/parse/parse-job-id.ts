/** `1234`, `1234;cluster` where there are several, and the words of sbatch without `--parsable`, which some wrappers drop. */
const JOB_ID = /^(?:Submitted batch job )?(\d+)(?:;\S+| on cluster \S+)?$/;

/**
 * Finds the job's number in what `sbatch` printed: the last line that is one, since sites print words of their own around it.
 * Undefined where no line is one. Pure.
 */
export function parseJobId(out: string): string | undefined {
  return out
    .split('\n')
    .map((line) => JOB_ID.exec(line.trim())?.[1])
    .findLast((id) => id !== undefined);
}
