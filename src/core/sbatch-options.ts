/** One option of sbatch that a person asks for beside ours: `reservation` with `ocr-course`, `contiguous` with nothing. */
export interface SbatchOption {
  readonly name: string;
  readonly value?: string | undefined;
}

/** Options that are settings of ours. */
const SETTINGS: Readonly<Record<string, string>> = {
  account: '--account',
  partition: '--partition',
  qos: '--qos',
  time: '--time',
  nodes: '--nodes',
  'cpus-per-task': '--cores',
};

/** Options that every job of ours has, or that would make it another job, and why a person cannot change them. */
const OURS: Readonly<Record<string, string>> = {
  'job-name': 'jobs are found again by their name',
  comment: 'it says whose jobs they are',
  array: 'the tasks of a job are its array',
  ntasks: 'a task is one program on one node',
  exclusive: 'whether whole nodes are taken is told by the partition',
  requeue: 'jobs go back into the queue by themselves',
  'no-requeue': 'jobs go back into the queue by themselves',
  'open-mode': 'logs of all starts are kept',
  signal: 'jobs are warned before their time is up',
  output: 'logs are read in the run folder',
  error: 'logs are read in the run folder',
  input: 'nothing is read from there',
  chdir: 'all paths are absolute',
  export: 'the environment of jobs is chosen by the program',
  'export-file': 'the environment of jobs is chosen by the program',
  'get-user-env': 'the environment of jobs is chosen by the program',
  parsable: "the job's number is read",
  quiet: "the job's number is read",
  verbose: "the job's number is read",
  wait: 'jobs are followed by the program',
  'test-only': 'jobs are to run',
  wrap: 'it runs another program in the place of ours',
  container: 'it runs another program in the place of ours; an image is named with --image',
  'container-id': 'it runs another program in the place of ours',
  bcast: 'it runs another program in the place of ours',
  clusters: 'jobs are asked for on this cluster only; SLURM_CLUSTERS in the environment names another',
  'cluster-constraint': 'jobs are asked for on this cluster only',
  uid: 'jobs are your own',
  gid: 'jobs are your own',
  'ignore-pbs': 'job scripts have no such lines',
  help: 'jobs are to run',
  usage: 'jobs are to run',
  version: 'jobs are to run',
};

/** Names that begin like one of ours, and are options of their own: sbatch(1). Any other beginning of a name stands for it. */
const OF_THEIR_OWN = new Set(['container-image']);

/** A long option's name; a single letter would hide what is meant. */
const NAME = /^[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*$/;

/**
 * Reads `NAME=VALUE` or `NAME`, with or without dashes before it, as an option of sbatch.
 * @returns the option, or what is wrong with it: completes "--sbatch-option ...". Pure.
 */
export function parseSbatchOption(text: string): SbatchOption | { readonly problem: string } {
  const [, given = '', value] = /^(?:--)?([^=]*)(?:=(.*))?$/s.exec(text.trim()) ?? [];
  const name = given.trim();
  const shown = JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}...` : text);
  // oxlint-disable-next-line eslint/no-control-regex -- control characters are what is looked for
  if (!NAME.test(name) || name.length < 2 || /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(value ?? ''))
    return { problem: `needs a long option of sbatch such as reservation=NAME, not ${shown}` };
  // sbatch takes the beginning of a name for the name.
  const meant = [...Object.keys(SETTINGS), ...Object.keys(OURS)].find(
    (ours) => ours === name || (ours.startsWith(name) && !OF_THEIR_OWN.has(name) && !KNOWN.has(name)),
  );
  if (meant === undefined) return value === undefined ? { name } : { name, value };
  const setting = SETTINGS[meant];
  return {
    problem:
      setting === undefined
        ? `cannot be "${name}": the program sets it itself, because ${OURS[meant] ?? 'its jobs need it'}`
        : `cannot be "${name}": that is ${setting}`,
  };
}

/** Whole options of sbatch that are also the beginning of one of ours. */
const KNOWN = new Set(['mem', 'gres', 'nice', 'hint', 'tmp', 'power', 'bb', 'reboot', 'prefer']);

/** The option as it would be typed. */
export function showSbatchOption({ name, value }: SbatchOption): string {
  return value === undefined ? name : `${name}=${value}`;
}

/** Factors of MiB: sbatch(1), --mem. */
const MIB: Readonly<Record<string, number>> = { K: 1 / 1024, M: 1, G: 1024, T: 1024 ** 2 };

/** Memory that options ask for, in MiB: for a job on a node (`mem`) or for each of its cores (`mem-per-cpu`). Pure. */
export function memoryAskedFor(options: readonly SbatchOption[]): {
  readonly jobMiB?: number | undefined;
  readonly coreMiB?: number | undefined;
} {
  const read = (wanted: string): number | undefined => {
    const value = options.findLast(({ name }) => name === wanted)?.value ?? '';
    const [, amount, unit = 'M'] = /^(\d+)([KMGT])?B?$/i.exec(value) ?? [];
    const mib = amount === undefined ? 0 : Number(amount) * (MIB[unit.toUpperCase()] ?? 1);
    // Zero asks for all of a node.
    return mib > 0 ? mib : undefined;
  };
  return { jobMiB: read('mem'), coreMiB: read('mem-per-cpu') };
}
