import type { ChildProcess } from 'node:child_process';
import { userInfo } from 'node:os';
import { childEnvironment, type Environment } from '../../core/child-environment.ts';
import { InternalError, MissingDependencyError, stopReason } from '../../core/errors.ts';
import { explainRefusal, slurmUnreachable, type RefusalContext } from './decide/explain-refusal.ts';
import { ACCOUNTING_FIELDS, formatIndexes, parseAccounting, type AccountingRow } from './parse/parse-accounting.ts';
import { ASSOCIATION_FIELDS, parseAssociations, type Association } from './parse/parse-associations.ts';
import { parseJobId } from './parse/parse-job-id.ts';
import { NODE_FORMAT, parsePartitions, type Partition } from './parse/parse-partitions.ts';
import { parseQueue, QUEUE_FORMAT, type QueueRow } from './parse/parse-queue.ts';
import { parseSchedulerConfig, type SchedulerConfig } from './parse/parse-scheduler-config.ts';
import type { AccountingQuestion, SlurmClient } from './slurm-client.ts';
import { explainErrno, hasErrno, readErrno } from '../../core/errno.ts';
import { explainStart } from '../../core/start-failure.ts';
import { startProgram } from '../../files/start-program.ts';

/** A controller that is down is found out about after 9 s; one that is only busy answers within a minute. */
const QUESTION_TIMEOUT_MS = 60_000;
/** sbatch itself tries again while the queue is full. */
const SUBMIT_TIMEOUT_MS = 120_000;
/** Jobs get the environment of sbatch, which is only what child-environment.ts lets it have; a shorter list of names would
 * make Slurm start a login shell on every node: sbatch(1), --get-user-env. */
const SUBMIT_OPTIONS = ['--parsable', '--export=ALL'] as const;
/** Ten thousand tasks are 1 MB. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
/** Kernels take 128 kB as one word. */
const MAX_WORD_CHARACTERS = 100_000;
interface Answer {
  /** Undefined when it was ended by us, after its time. */
  readonly exitCode: number | undefined;
  readonly out: string;
  readonly said: string;
}

/** Talks to Slurm by its own programs: the only place that runs them. */
export class SlurmPrograms implements SlurmClient {
  readonly #environment: Record<string, string>;
  readonly #asked: RefusalContext;
  readonly #onCall: (program: string) => void;

  /** `environment` is filtered; `asked` is what refusals are explained with; `onCall` hears of every program that is run. */
  constructor(environment: Environment, asked: RefusalContext, onCall: (program: string) => void = () => undefined) {
    this.#environment = childEnvironment('slurm', environment);
    this.#asked = asked;
    this.#onCall = onCall;
  }

  async submit(script: string, signal: AbortSignal): Promise<string | undefined> {
    const { exitCode, out, said } = await this.#run('sbatch', SUBMIT_OPTIONS, signal, {
      input: script,
      timeoutMs: SUBMIT_TIMEOUT_MS,
    });
    if (exitCode === undefined) throw slurmUnreachable(said);
    if (exitCode !== 0) {
      const error = explainRefusal(said, this.#asked);
      if (error.code !== 'SLURM_ACCOUNT' && error.code !== 'SLURM_QOS') throw error;
      const associations = await this.associations(signal);
      throw explainRefusal(said, {
        ...this.#asked,
        associations: Array.isArray(associations) ? associations : undefined,
      });
    }
    return parseJobId(out);
  }

  async queue(jobNames: readonly string[], signal: AbortSignal): Promise<readonly QueueRow[] | undefined> {
    if (jobNames.length === 0) return [];
    const wanted = new Set(jobNames);
    const names = jobNames.join(',');
    // More names than fit: all of ours, and chosen here.
    const filter = names.length > MAX_WORD_CHARACTERS ? [] : ['-n', names];
    const answer = await this.#query(
      'squeue',
      ['-h', '-r', '-t', 'all', '-u', userId(), ...filter, '-o', QUEUE_FORMAT],
      signal,
    );
    return answer === undefined ? undefined : parseQueue(answer).filter(({ jobName }) => wanted.has(jobName));
  }

  async accounting(
    of: AccountingQuestion,
    signal: AbortSignal,
  ): Promise<readonly AccountingRow[] | 'unavailable' | undefined> {
    const which = 'jobIds' in of ? ['-j', of.jobIds.join(',')] : ['--name', of.jobNames.join(','), '-S', 'now-30days'];
    if (which[1] === '') return [];
    const { exitCode, out, said } = await this.#run(
      'sacct',
      ['-X', '-n', '-P', ...which, '-o', ACCOUNTING_FIELDS],
      signal,
    );
    if (exitCode === 0) return parseAccounting(out);
    return /accounting storage is disabled/i.test(said) ? 'unavailable' : undefined;
  }

  async cancel(jobName: string, arrayIndexes: readonly number[] | undefined, signal: AbortSignal): Promise<void> {
    if (arrayIndexes === undefined) {
      const { exitCode, said } = await this.#run('scancel', ['-Q', '-u', userId(), '-n', jobName], signal);
      if (exitCode !== 0) throw slurmUnreachable(said);
      return;
    }
    const rows = await this.queue([jobName], signal);
    if (rows === undefined) throw slurmUnreachable('');
    const wanted = new Set(arrayIndexes);
    const byJob = Map.groupBy(
      rows.filter(({ arrayIndex }) => arrayIndex !== undefined && wanted.has(arrayIndex)),
      ({ jobId }) => jobId,
    );
    for (const [jobId, tasks] of byJob) {
      const indexes = formatIndexes(tasks.flatMap(({ arrayIndex }) => arrayIndex ?? []));
      const { exitCode, said } = await this.#run('scancel', ['-Q', `${jobId}_[${indexes}]`], signal);
      // It ends with 1 too where all have ended already; silence is another matter.
      if (exitCode !== 0 && (exitCode === undefined || explainRefusal(said, {}).code === 'SLURM_UNREACHABLE'))
        throw slurmUnreachable(said);
    }
  }

  async config(signal: AbortSignal): Promise<SchedulerConfig | undefined> {
    const answer = await this.#query('scontrol', ['show', 'config'], signal);
    return answer === undefined ? undefined : parseSchedulerConfig(answer);
  }

  async partitions(signal: AbortSignal): Promise<readonly Partition[] | undefined> {
    const [partitions, nodes] = await Promise.all([
      this.#query('scontrol', ['-a', '-o', 'show', 'partition'], signal),
      this.#query('sinfo', ['-a', '-h', '-e', '-o', NODE_FORMAT], signal),
    ]);
    return partitions === undefined || nodes === undefined ? undefined : parsePartitions(partitions, nodes);
  }

  async associations(signal: AbortSignal): Promise<readonly Association[] | 'unavailable' | undefined> {
    const config = await this.config(signal);
    if (config && !config.hasAccounting) return 'unavailable';
    const answer = await this.#query(
      'sacctmgr',
      ['-n', '-P', 'show', 'associations', `user=${userInfo().username}`, `format=${ASSOCIATION_FIELDS}`],
      signal,
    );
    return answer === undefined ? undefined : parseAssociations(answer);
  }

  async startEstimate(jobName: string, signal: AbortSignal): Promise<Date | undefined> {
    const answer = await this.#query('squeue', ['-h', '--start', '-u', userId(), '-n', jobName, '-o', '%S'], signal);
    const times = (answer ?? '')
      .split('\n')
      .filter((line) => /^\d{4}-/.test(line))
      .sort();
    return times[0] === undefined ? undefined : new Date(times[0]);
  }

  /** What a program prints; undefined when it fails, which for a question means that nobody answers. */
  async #query(program: string, words: readonly string[], signal: AbortSignal): Promise<string | undefined> {
    const { exitCode, out } = await this.#run(program, words, signal);
    return exitCode === 0 ? out : undefined;
  }

  async #start(program: string, words: readonly string[], stop: AbortSignal): Promise<ChildProcess> {
    try {
      return await startProgram(program, words, {
        cwd: '/',
        env: this.#environment,
        stdio: ['pipe', 'pipe', 'pipe'],
        signal: stop,
        killSignal: 'SIGKILL',
      });
    } catch (error) {
      if (!readErrno(error)) throw error;
      throw explainStart(error, program) ?? slurmMissing(program, error);
    }
  }

  async #run(
    program: string,
    words: readonly string[],
    signal: AbortSignal,
    { input, timeoutMs = QUESTION_TIMEOUT_MS }: { readonly input?: string; readonly timeoutMs?: number } = {},
  ): Promise<Answer> {
    this.#onCall(program);
    if (signal.aborted) throw stopReason(signal);
    const timeout = AbortSignal.timeout(timeoutMs);
    // An order is not broken off in the middle, so that it is known whether it was taken.
    const stop = program === 'sbatch' ? timeout : AbortSignal.any([signal, timeout]);
    const child = await this.#start(program, words, stop).catch((error: unknown) => {
      if (signal.aborted) throw stopReason(signal);
      throw error;
    });
    const { stdin, stdout, stderr } = child;
    if (!stdin || !stdout || !stderr) throw new InternalError('NO_PIPES', `${program} was started without pipes.`);
    const ended = new Promise<number | null>((settle, fail) => child.once('error', fail).once('close', settle));
    stdin.on('error', () => undefined);
    stdin.end(input ?? '');
    const streams = Promise.all([readAll(stdout), readAll(stderr)]);
    try {
      const [exitCode, [out, said]] = await Promise.all([ended, streams]);
      return { exitCode: exitCode ?? undefined, out, said };
    } catch (error) {
      child.kill('SIGKILL');
      if (timeout.aborted)
        return { exitCode: undefined, out: '', said: `${program} did not end within ${timeoutMs / 1_000} s` };
      if (signal.aborted) throw stopReason(signal);
      throw error;
    }
  }
}

async function readAll(stream: NodeJS.ReadableStream): Promise<string> {
  const parts: Buffer[] = [];
  let sizeBytes = 0;
  for await (const part of stream as AsyncIterable<Buffer>) {
    sizeBytes += part.length;
    if (sizeBytes > MAX_ANSWER_BYTES)
      throw new InternalError('SLURM_ANSWER', `Slurm answers with more than ${MAX_ANSWER_BYTES} bytes.`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** `SLURM_MISSING`: what the PATH names is not there, or nothing that can be run. */
export function slurmMissing(program: string, cause: unknown): MissingDependencyError {
  const how = hasErrno(cause, 'ENOENT') ? 'is not on the PATH' : `cannot be run: ${explainErrno(cause)}`;
  return new MissingDependencyError('SLURM_MISSING', `There is no Slurm here: "${program}" ${how}.`, {
    why: 'Jobs are submitted from a login or transfer node, and outside the container.',
    safe: 'Nothing was submitted.',
    remedy: 'Log in to the cluster and run it there; or without --executor slurm, here.',
  });
}

/** By number: a person in a container may have no name. */
function userId(): string {
  return String(process.getuid?.() ?? userInfo().uid);
}
