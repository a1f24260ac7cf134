import { basename, dirname, join } from 'node:path';
import { ConfigError } from '../../core/errors.ts';
import type { SbatchOption } from '../../core/sbatch-options.ts';
import { EXIT_FOLDER_MISSING, EXIT_MARK, EXIT_STOPPED, START_MARK } from './decide/classify-end.ts';
import { formatSlurmDuration } from './parse/duration.ts';
import { formatIndexes } from './parse/parse-accounting.ts';

/** What runs a task on the node. */
export type NodeProgram =
  /** A container image, absolute. */
  | { readonly image: string }
  /** A program that every node sees, and the words before ours: `/usr/bin/node`, `['/opt/ocr-pipeline/main.js']`. */
  | { readonly command: string; readonly commandArguments: readonly string[] };

/** All that is in a job script. Folders and files are absolute, and the same on every node. */
export interface JobScriptOptions {
  /** `ocrp-marduk-7f3a01-2` */
  readonly jobName: string;
  /** Shown by `squeue` beside the name. */
  readonly comment?: string | undefined;
  /** Tasks have the indexes 0 to `tasks` - 1. */
  readonly tasks: number;
  /** Tasks at once, at most. */
  readonly atOnce?: number | undefined;
  /** Asked for on a shared partition; a whole node gives what it has. */
  readonly cores: number;
  readonly wholeNodes: boolean;
  readonly minutes: number;
  readonly account?: string | undefined;
  readonly partition?: string | undefined;
  readonly qos?: string | undefined;
  /** What a person asks for beside; checked by core/sbatch-options.ts. */
  readonly options?: readonly SbatchOption[] | undefined;
  /** Nodes that failed before. */
  readonly excludeNodes: readonly string[];
  /** Of one task's log; `%a` in its name stands for the index. Its folder must be there: without it Slurm ends the task unseen. */
  readonly logFile: string;
  readonly runFolder: string;
  readonly wave: number;
  /** Where documents are, beside the run folder, by their real paths; read only. */
  readonly sourceFolders: readonly string[];
  readonly program: NodeProgram;
}

/** How long before the end of its time a worker is told to finish the pages in hand; sbatch(1): it may come 60 s early. */
const WARN_SECONDS = 180;
/** Of short jobs, less: a fifth of their time. */
const WARN_SHARE = 0.2;
/** Times a task puts itself into the queue again. */
const MOST_REQUEUES = 3;

/**
 * Writes the text that goes to `sbatch`. Pure.
 * @throws {ConfigError} SLURM_PATH: a path that Slurm or the container cannot take; SLURM_OPTION: a value that would be more
 * than one line of the script.
 */
export function makeJobScript(order: JobScriptOptions): string {
  const { program, runFolder, sourceFolders } = order;
  const shared = 'image' in program ? [runFolder, ...sourceFolders] : [];
  checkPath(order.logFile, /\\/, 'a backslash');
  for (const path of [order.logFile, runFolder, ...sourceFolders]) checkPath(path, /[\n\r]/, 'a line break');
  for (const path of shared) checkPath(path, /[:,]/, 'a colon or a comma');
  return [
    '#!/bin/bash',
    ...directives(order).map((line) => `#SBATCH ${line}`),
    '',
    `run_folder=${quote(runFolder)}`,
    `task=${order.wave}-$SLURM_ARRAY_TASK_ID`,
    // Tesseract with threads of its own is slower, and takes cores from its neighbours.
    'export OMP_THREAD_LIMIT=1',
    ...BEGINNING,
    ...('image' in program ? inContainer(program.image, sourceFolders) : directly(program)),
    ...END,
    '',
  ].join('\n');
}

function directives(order: JobScriptOptions): string[] {
  const throttle = order.atOnce === undefined || order.atOnce >= order.tasks ? '' : `%${order.atOnce}`;
  const { options = [] } = order;
  const excluded = options.flatMap(({ name, value }) => (name === 'exclude' ? (value ?? '') : []));
  const values: readonly SbatchOption[] = [
    { name: 'job-name', value: order.jobName },
    {
      name: 'array',
      value: `${formatIndexes(Array.from({ length: order.tasks }, (_, index) => index))}${throttle}`,
    },
    ...['comment' as const, 'account' as const, 'partition' as const, 'qos' as const].flatMap((name) =>
      order[name] === undefined ? [] : [{ name, value: order[name] }],
    ),
    ...options.filter(({ name }) => name !== 'exclude'),
    ...asList('exclude', [...excluded, ...order.excludeNodes]),
    { name: 'nodes', value: '1' },
    { name: 'ntasks', value: '1' },
    // A whole node has more cores than the fewest; asking for those it may not have would wait for ever.
    order.wholeNodes ? { name: 'exclusive' } : { name: 'cpus-per-task', value: String(order.cores) },
    { name: 'time', value: formatSlurmDuration(order.minutes) },
    { name: 'requeue' },
    { name: 'open-mode', value: 'append' },
    { name: 'signal', value: `B:TERM@${Math.floor(Math.min(WARN_SECONDS, order.minutes * 60 * WARN_SHARE))}` },
    { name: 'output', value: join(dirname(order.logFile).replaceAll('%', '%%'), basename(order.logFile)) },
    // Of this folder Slurm says nothing when it is not there: the script looks for itself.
    { name: 'chdir', value: '/' },
  ];
  return values.map(directive);
}

function asList(name: string, values: readonly string[]): SbatchOption[] {
  return values.length === 0 ? [] : [{ name, value: values.join(',') }];
}

/** One line, whatever its value is. */
function directive({ name, value }: SbatchOption): string {
  // oxlint-disable-next-line eslint/no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(`${name}${value}`)) {
    throw new ConfigError('SLURM_OPTION', `A job cannot be asked for with --${JSON.stringify(`${name}=${value}`)}`, {
      why: 'It has a line break or another control character in it, and would be more than one line of the job script.',
      safe: 'Nothing was submitted.',
      remedy: 'The same without it.',
    });
  }
  return value === undefined ? `--${name}` : `--${name}=${quoteDirective(value)}`;
}

/** Where results go must be there, and what is written for a moment must be on the node. */
const BEGINNING: readonly string[] = [
  `starts=\${SLURM_RESTART_COUNT:-0}`,
  `echo "${START_MARK} $task, start $((starts + 1)), on \${SLURMD_NODENAME:-this node}"`,
  'finish() {',
  `  echo "${EXIT_MARK} $1"`,
  '  exit "$1"',
  '}',
  'if [ ! -d "$run_folder" ]; then',
  '  echo "The run folder is not there on this node: $run_folder"',
  `  finish ${EXIT_FOLDER_MISSING}`,
  'fi',
  `scratch=$(mktemp -d "\${TMPDIR:-/tmp}/ocr-pipeline-XXXXXXXX") || finish 74`,
  `trap 'rm -rf "$scratch"' EXIT`,
  'export TMPDIR=$scratch',
  'child=',
  // A shell takes a signal only when the program in front ends: ours runs behind, and is told.
  `trap 'interrupted=1; [ -z "$child" ] || kill -TERM "$child" 2>/dev/null' TERM`,
];

function directly({
  command,
  commandArguments,
}: {
  readonly command: string;
  readonly commandArguments: readonly string[];
}): string[] {
  return [`${[command, ...commandArguments].map(quote).join(' ')} work "$run_folder" "$task" &`];
}

/** Either name of the program will do; both read the variables of both names, so that no value needs quoting twice. */
function inContainer(image: string, sourceFolders: readonly string[]): string[] {
  // Before the others: a folder above the run folder would otherwise hide it, read only.
  const readOnly = sourceFolders
    .filter((folder) => folder !== '/')
    .map((folder) => `--bind ${quote(`${folder}:${folder}:ro`)}`);
  return [
    'container=$(command -v apptainer || command -v singularity)',
    'if [ -z "$container" ]; then',
    '  echo "Neither apptainer nor singularity is on this node."',
    '  finish 69',
    'fi',
    `image=${quote(image)}`,
    'if [ ! -e "$image" ]; then',
    '  echo "The container image is not there on this node: $image"',
    '  finish 69',
    'fi',
    'for name in TMPDIR OMP_THREAD_LIMIT ${!SLURM_@}; do',
    '  export "APPTAINERENV_$name=${!name}" "SINGULARITYENV_$name=${!name}"',
    'done',
    `"$container" exec --cleanenv --no-home --pwd / ${[...readOnly, '--bind "$run_folder"', '--bind "$scratch"'].join(' ')} \\`,
    '  "$image" ocr-pipeline work "$run_folder" "$task" &',
  ];
}

/**
 * Waits, and goes into the queue again when the worker was stopped by the warning. When Slurm ends the task itself, because
 * somebody cancelled it or another job takes the node, the task does not run any more, and must not bring itself back.
 */
const END: readonly string[] = [
  'child=$!',
  'while :; do',
  '  interrupted=',
  '  wait "$child"',
  '  code=$?',
  '  [ -n "$interrupted" ] || break',
  'done',
  `if [ "$code" -eq ${EXIT_STOPPED} ] && [ "$starts" -lt ${MOST_REQUEUES} ]; then`,
  '  me=${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID',
  '  if [ "$(timeout 30 squeue -h -j "$me" -o %T 2>/dev/null)" = RUNNING ] && timeout 30 scontrol requeue "$me"; then',
  '    echo "The time is nearly up; in the queue again for what is left."',
  '  fi',
  'fi',
  'finish "$code"',
];

/** One word of bash, whatever is in it. */
function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** One value of a #SBATCH line. */
function quoteDirective(value: string): string {
  return /^[\w./:=,%@+[\]-]+$/.test(value) ? value : `"${value.replaceAll(/["\\]/g, '\\$&')}"`;
}

function checkPath(path: string, forbidden: RegExp, what: string): void {
  if (!forbidden.test(path)) return;
  throw new ConfigError('SLURM_PATH', `A path cannot be used on a cluster: ${JSON.stringify(path)}`, {
    why: `It has ${what} in it, which Slurm or the container takes for something else.`,
    safe: 'Nothing was submitted.',
    remedy: 'Use, or rename to, a folder without it.',
  });
}
