import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MissingDependencyError, TransientError } from '../core/errors.ts';
import { classifyEnd, isLive, latestStart } from '../executors/slurm/decide/classify-end.ts';
import { hopelessReason } from '../executors/slurm/decide/hopeless-reason.ts';
import { passingReason } from '../executors/slurm/decide/passing-reason.ts';
import { makeJobScript } from '../executors/slurm/job-script.ts';
import type { SlurmClient } from '../executors/slurm/slurm-client.ts';
import { findContainerProgram } from './container-image.ts';
import type { ClusterView, TestJob, TestJobRequest } from './contract.ts';
import { makeSlurmClient, PROGRAM_ENTRY } from './wiring.ts';

const ASK_TIMEOUT_MS = 20_000;
const TEST_JOB_POLL_MS = 2_000;

/** Asks Slurm. @returns `absent` where it is not installed, `silent` where it does not answer. */
export async function inspectCluster(environment: NodeJS.ProcessEnv): Promise<ClusterView | 'absent' | 'silent'> {
  const client = await makeSlurmClient(environment);
  const stop = AbortSignal.timeout(ASK_TIMEOUT_MS);
  try {
    const [config, partitions, associations] = await Promise.all([
      client.config(stop),
      client.partitions(stop),
      client.associations(stop),
    ]);
    return config && partitions ? { config, partitions, associations } : 'silent';
  } catch (error) {
    if (error instanceof MissingDependencyError) return 'absent';
    if (stop.aborted) return 'silent';
    throw error;
  }
}

/**
 * Submits a job of one minute and one core that looks at the work folder and starts the program, and waits for it.
 * @throws {PipelineError} Slurm refuses it. The job is cancelled when the time is up.
 */
export async function runTestJob({ environment, choices, workDir, timeoutMs }: TestJobRequest): Promise<TestJob> {
  const { slurmAccount, slurmPartition, slurmQos, slurmImage, slurmSbatchOptions } = choices;
  const client = await makeSlurmClient(environment, choices);
  const stop = AbortSignal.timeout(timeoutMs);
  await mkdir(workDir, { recursive: true });
  const folder = await mkdtemp(join(workDir, 'doctor-'));
  const jobName = `ocrp-${folder.slice(folder.lastIndexOf('/') + 1)}`;
  const container = slurmImage === undefined ? undefined : ((await findContainerProgram()) ?? 'apptainer');
  const script = makeJobScript({
    jobName,
    tasks: 1,
    cores: 1,
    wholeNodes: false,
    minutes: 1,
    account: slurmAccount,
    partition: slurmPartition,
    qos: slurmQos,
    options: slurmSbatchOptions,
    excludeNodes: [],
    logFile: join(folder, 'log-%a.txt'),
    runFolder: folder,
    wave: 0,
    sourceFolders: [],
    // Says its version whatever the words after it.
    program:
      container === undefined || slurmImage === undefined
        ? { command: process.execPath, commandArguments: [PROGRAM_ENTRY, '--version'] }
        : {
            command: container,
            commandArguments: ['exec', '--cleanenv', '--no-home', slurmImage, 'ocr-pipeline', '--version'],
          },
  });
  try {
    await client.submit(script, stop);
    return await followTestJob(client, jobName, join(folder, 'log-0.txt'), stop);
  } finally {
    await client.cancel(jobName, undefined, AbortSignal.timeout(ASK_TIMEOUT_MS)).catch(() => undefined);
    await rm(folder, { recursive: true, force: true });
  }
}

async function followTestJob(client: SlurmClient, jobName: string, log: string, stop: AbortSignal): Promise<TestJob> {
  let reason = '';
  let hopelessPolls = 0;
  while (!stop.aborted) {
    const rows = await client.queue([jobName], stop).catch((error: unknown) => {
      if (stop.aborted) return [];
      throw error;
    });
    if (rows === undefined)
      throw new TransientError('SLURM_UNREACHABLE', 'Slurm took the job and does not answer any more.');
    const row = rows[0];
    if (row && !isLive(row.state)) {
      const logTail = latestStart(await readFile(log, 'utf8').catch(() => ''));
      const end = classifyEnd({ ...row, logTail });
      return {
        outcome: end === 'completed' ? 'completed' : 'failed',
        detail: end === 'completed' ? `ran on ${row.nodes}` : `${end}\n${logTail.trim()}`,
      };
    }
    reason = row?.reason ?? reason;
    const hopeless = hopelessReason(reason);
    hopelessPolls = hopeless ? hopelessPolls + 1 : 0;
    if (hopeless && hopelessPolls > 1)
      return { outcome: 'failed', detail: `${hopeless.message} ${hopeless.why} [${hopeless.code}]` };
    const passing = passingReason(reason);
    if (passing !== undefined && reason.startsWith('Partition'))
      return { outcome: 'failed', detail: `${passing} (Slurm says: ${reason})` };
    await sleep(TEST_JOB_POLL_MS, undefined, { signal: stop }).catch(() => undefined);
  }
  const why = passingReason(reason);
  return {
    outcome: 'waiting',
    detail: `did not start in time${reason === '' ? '' : ` (Slurm says: ${reason})`}${why === undefined ? '' : `: ${why}`}; it was cancelled`,
  };
}
