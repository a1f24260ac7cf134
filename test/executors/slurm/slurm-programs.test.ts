import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConfigError, MissingDependencyError, PipelineError, TransientError } from '../../../src/core/errors.ts';
import { classifyEnd } from '../../../src/executors/slurm/decide/classify-end.ts';
import { hopelessReason } from '../../../src/executors/slurm/decide/hopeless-reason.ts';
import { makeJobScript, type JobScriptOptions } from '../../../src/executors/slurm/job-script.ts';
import type { QueueRow } from '../../../src/executors/slurm/parse/parse-queue.ts';
import { SlurmPrograms } from '../../../src/executors/slurm/slurm-programs.ts';
import { requireSlurm, SlurmLab } from '../../support/slurm-lab.ts';

/** What a task has written; empty before it began. */
function logOf(lab: SlurmLab, name: string): string {
  const file = join(lab.folder, `run/${name}.log`);
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

const never = new AbortController().signal;

function script(lab: SlurmLab, options: Partial<JobScriptOptions> & { readonly body?: string }): string {
  const { body = 'exit 0', ...rest } = options;
  const runFolder = join(lab.folder, 'run');
  mkdirSync(runFolder, { recursive: true });
  const file = join(lab.folder, `program-${rest.jobName ?? 'job'}.sh`);
  writeFileSync(file, body);
  return makeJobScript({
    jobName: 'job',
    tasks: 1,
    cores: 1,
    wholeNodes: false,
    minutes: 5,
    excludeNodes: [],
    logFile: join(runFolder, `${rest.jobName ?? 'job'}-%a.log`),
    runFolder,
    wave: 1,
    sourceFolders: [],
    program: { command: '/bin/bash', commandArguments: [file] },
    ...rest,
  });
}

async function failureOf(work: Promise<unknown>): Promise<PipelineError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof PipelineError) return error;
    throw error;
  }
  throw new Error('It should have failed.');
}

async function rowsWhen(
  client: SlurmPrograms,
  lab: SlurmLab,
  name: string,
  holds: (rows: readonly QueueRow[]) => boolean,
): Promise<readonly QueueRow[]> {
  let rows: readonly QueueRow[] | undefined;
  await lab.until(`${name} in the queue`, async () => {
    rows = await client.queue([name], never);
    return rows !== undefined && holds(rows);
  });
  return rows ?? [];
}

const plain = requireSlurm();
describe.skipIf(plain.skip)('Slurm without accounting', () => {
  let lab: SlurmLab;
  let client: SlurmPrograms;
  let calls: string[];
  beforeAll(async () => {
    lab = await SlurmLab.start({ nodes: 2, cpus: 4, maxArraySize: 21 });
    calls = [];
    client = new SlurmPrograms(
      { ...process.env, ...lab.env, SQUEUE_FORMAT: '%A', SBATCH_PARTITION: 'nowhere', BOX_CLIENT_SECRET: 'hush' },
      {},
      (program) => calls.push(program),
    );
  });
  afterAll(() => lab.close());

  test('tells what it is like', async () => {
    expect(await client.config(never)).toMatchObject({
      clusterName: 'lab',
      maxArraySize: 21,
      minJobAgeS: 300,
      killWaitS: 5,
      hasAccounting: false,
      wholeNodesOnly: false,
    });
    expect((await client.config(never))?.version).toMatch(/^\d+\.\d+\.\d+/);
    const partitions = await client.partitions(never);
    expect(
      partitions?.map(({ name, wholeNodes, isDefault, isPreemptable, maxMinutes }) => ({
        name,
        wholeNodes,
        isDefault,
        isPreemptable,
        maxMinutes,
      })),
    ).toEqual(
      [
        { name: 'savio3', wholeNodes: true, isDefault: false, isPreemptable: false, maxMinutes: 4_320 },
        { name: 'savio3_htc', wholeNodes: false, isDefault: true, isPreemptable: false, maxMinutes: 4_320 },
        { name: 'savio3_lowprio', wholeNodes: false, isDefault: false, isPreemptable: true, maxMinutes: 4_320 },
      ].sort(
        (a, b) =>
          (partitions ?? []).findIndex(({ name }) => name === a.name) -
          (partitions ?? []).findIndex(({ name }) => name === b.name),
      ),
    );
    expect(partitions?.[0]?.nodeKinds).toEqual([
      { nodes: 2, idleNodes: 2, cores: 4, memoryMiB: expect.any(Number), features: [] },
    ]);
    expect(await client.associations(never)).toBe('unavailable');
    expect(await client.accounting({ jobIds: ['1'] }, never)).toBe('unavailable');
  });

  test('runs an array by one script, and one question tells all of it', async () => {
    // Index 0 ends well, 1 with an error, 2 is killed.
    const body = 'echo "run $2 task $3"; case $3 in *-1) exit 69 ;; *-2) kill -9 $PPID ;; esac';
    const jobId = await client.submit(script(lab, { jobName: 'three', tasks: 3, body }), never);
    calls.length = 0;
    const rows = await rowsWhen(
      client,
      lab,
      'three',
      (all) => all.length === 3 && all.every(({ state }) => /COMPLETED|FAILED/.test(state)),
    );
    expect(new Set(calls)).toEqual(new Set(['squeue']));
    const sorted = rows.toSorted((a, b) => (a.arrayIndex ?? 0) - (b.arrayIndex ?? 0));
    expect(sorted.map((row) => [row.jobId, row.arrayIndex, row.state])).toEqual([
      [jobId, 0, 'COMPLETED'],
      [jobId, 1, 'FAILED'],
      [jobId, 2, 'FAILED'],
    ]);
    expect(sorted.map((row) => classifyEnd({ ...row, logTail: logOf(lab, `three-${row.arrayIndex}`) }))).toEqual([
      'completed',
      'worker-failed',
      'launch-failure',
    ]);
    expect(logOf(lab, 'three-0')).toContain(`run ${join(lab.folder, 'run')} task 1-0`);
    expect(await client.queue(['three', 'another'], never)).toHaveLength(3);
    expect(await client.queue(['thre'], never)).toEqual([]);
  });

  test('takes odd paths as they are, and no secret reaches the node', async () => {
    const odd = join(lab.folder, `it's "odd" $HOME %j 100%% %a`);
    mkdirSync(odd);
    const body = 'env > "$2/env"; ls "$2"';
    const text = script(lab, {
      jobName: 'odd',
      body,
      runFolder: odd,
      logFile: join(odd, 'log-%a.log'),
      comment: `a "comment" of 'ours' \\`,
    });
    await client.submit(text, never);
    await rowsWhen(client, lab, 'odd', ([row]) => /COMPLETED|FAILED/.test(row?.state ?? ''));
    expect(readFileSync(join(odd, 'log-0.log'), 'utf8')).toContain('ended with 0');
    expect(readFileSync(join(odd, 'env'), 'utf8')).not.toMatch(/hush|BOX_|SBATCH_PARTITION/);
    expect(readFileSync(join(odd, 'env'), 'utf8')).toMatch(/^OMP_THREAD_LIMIT=1$/m);
  });

  test('ends tasks, and whole jobs', async () => {
    await client.submit(script(lab, { jobName: 'long', tasks: 6, body: 'exec sleep 60' }), never);
    await rowsWhen(client, lab, 'long', (rows) => rows.filter(({ state }) => state === 'RUNNING').length === 6);
    await client.cancel('long', [1, 2, 3, 5], never);
    const left = await rowsWhen(
      client,
      lab,
      'long',
      (rows) => rows.filter(({ state }) => state === 'CANCELLED').length === 4,
    );
    expect(
      left
        .filter(({ state }) => state === 'RUNNING')
        .map(({ arrayIndex }) => arrayIndex ?? -1)
        .toSorted((a, b) => a - b),
    ).toEqual([0, 4]);
    await client.cancel('long', undefined, never);
    await rowsWhen(client, lab, 'long', (rows) => rows.every(({ state }) => state === 'CANCELLED'));
    await client.cancel('long', [0, 4], never);
    await client.cancel('long', undefined, never);
    await client.cancel('never-was', [0], never);
  });

  test('goes into the queue again by itself after the warning, and goes on', async () => {
    const body = `trap 'exit 75' TERM; [ "$SLURM_RESTART_COUNT" = "" ] || exit 0; for ((i = 0; i < 300; i++)); do sleep 0.1; done`;
    await client.submit(script(lab, { jobName: 'warned', body }), never);
    await rowsWhen(client, lab, 'warned', ([row]) => row?.state === 'RUNNING');
    const [row] = (await client.queue(['warned'], never)) ?? [];
    await lab.until('the task has begun', () => logOf(lab, 'warned-0').includes('start 1'));
    await lab.call('scancel', '--batch', '--signal=TERM', `${row?.jobId}_0`);
    await rowsWhen(client, lab, 'warned', ([again]) => again?.state === 'COMPLETED');
    expect(logOf(lab, 'warned-0')).toMatch(/in the queue again[^]*start 2[^]*ended with 0/);
  });

  test('does not bring itself back after somebody cancelled it', async () => {
    const body = `trap 'sleep 1; exit 75' TERM; echo ready; for ((i = 0; i < 300; i++)); do sleep 0.1; done`;
    await client.submit(script(lab, { jobName: 'unwanted', body }), never);
    await rowsWhen(client, lab, 'unwanted', ([row]) => row?.state === 'RUNNING');
    await lab.until('the program runs', () => logOf(lab, 'unwanted-0').includes('ready'));
    await client.cancel('unwanted', undefined, never);
    const rows = await rowsWhen(client, lab, 'unwanted', ([row]) => row?.state === 'CANCELLED');
    expect(classifyEnd({ ...rows[0]!, logTail: logOf(lab, 'unwanted-0') })).toBe('cancelled');
    expect(logOf(lab, 'unwanted-0')).not.toContain('in the queue again');
  });

  test('is told of requests that would wait for ever by their reason', async () => {
    await client.submit(script(lab, { jobName: 'too-long', minutes: 9_000 }), never);
    await client.submit(
      script(lab, {
        jobName: 'whole',
        wholeNodes: true,
        partition: 'savio3',
        body: 'echo "has $SLURM_CPUS_ON_NODE cores"',
      }),
      never,
    );
    // Some versions refuse at once what no node can do, others let it wait.
    const tooWide = await client.submit(script(lab, { jobName: 'too-wide', cores: 64 }), never).then(
      () => undefined,
      (error: unknown) => error,
    );
    const codeOf = ([row]: readonly QueueRow[]): string | undefined => hopelessReason(row?.reason ?? '')?.code;
    await rowsWhen(client, lab, 'too-long', (rows) => codeOf(rows) === 'SLURM_TIME');
    if (tooWide === undefined) await rowsWhen(client, lab, 'too-wide', (rows) => codeOf(rows) === 'SLURM_PARTITION');
    else expect(tooWide).toMatchObject({ code: 'SLURM_TOO_BIG' });
    await client.cancel('too-long', undefined, never);
    await client.cancel('too-wide', undefined, never);
    await rowsWhen(client, lab, 'whole', ([one]) => one?.state === 'COMPLETED');
    expect(logOf(lab, 'whole-0')).toContain('has 4 cores');
  });

  test('lets a hidden partition be used, and says that it is hidden', async () => {
    await lab.call('scontrol', 'update', 'PartitionName=savio3', 'Hidden=YES');
    // Root sees all partitions anyway; a person does not, unless all are asked for.
    const partitions = await client.partitions(never);
    expect(partitions?.find(({ name }) => name === 'savio3')).toMatchObject({ isHidden: true, isUp: true });
    expect(partitions?.find(({ name }) => name === 'savio3')?.nodeKinds).not.toEqual([]);
    await client.submit(script(lab, { jobName: 'hidden', partition: 'savio3' }), never);
    await rowsWhen(client, lab, 'hidden', ([one]) => one?.state === 'COMPLETED');
    await lab.call('scontrol', 'update', 'PartitionName=savio3', 'Hidden=NO');
  });

  test('refuses what it cannot do, in words of ours', async () => {
    const partition = await failureOf(client.submit(script(lab, { jobName: 'p', partition: 'nowhere' }), never));
    expect(partition).toBeInstanceOf(ConfigError);
    expect(partition.code).toBe('SLURM_PARTITION');
    const array = await failureOf(client.submit(script(lab, { jobName: 'a', tasks: 25 }), never));
    expect(array.code).toBe('SLURM_ARRAY');
  });

  test('estimates a start', async () => {
    await client.submit(script(lab, { jobName: 'first', cores: 4, tasks: 2, body: 'exec sleep 60' }), never);
    await rowsWhen(client, lab, 'first', (rows) => rows.every(({ state }) => state === 'RUNNING'));
    await client.submit(script(lab, { jobName: 'later', cores: 4 }), never);
    let start: Date | undefined;
    await lab.until('an estimate', async () => (start = await client.startEstimate('later', never)) !== undefined);
    expect(start?.getTime()).toBeGreaterThan(0);
    await client.cancel('first', undefined, never);
    await client.cancel('later', undefined, never);
  });

  test('that is silent is not taken for an empty queue', async () => {
    await client.submit(script(lab, { jobName: 'kept', body: 'exec sleep 60' }), never);
    await lab.stopController();
    const submitting = failureOf(client.submit(script(lab, { jobName: 'lost' }), never));
    const cancelling = failureOf(client.cancel('kept', undefined, never));
    expect(await client.queue(['kept'], never)).toBeUndefined();
    expect(await submitting).toBeInstanceOf(TransientError);
    expect((await submitting).code).toBe('SLURM_UNREACHABLE');
    expect((await cancelling).code).toBe('SLURM_UNREACHABLE');
    await lab.up();
    expect(await client.queue(['kept'], never)).toHaveLength(1);
    await client.cancel('kept', undefined, never);
  });
});

test('where there is no Slurm, it says so', async () => {
  const error = await failureOf(new SlurmPrograms({ PATH: '/nowhere' }, {}).queue(['a'], never));
  expect(error).toBeInstanceOf(MissingDependencyError);
  expect(error.code).toBe('SLURM_MISSING');
});

const accounted = requireSlurm({ accounting: true });
describe.skipIf(accounted.skip)('Slurm with accounting', () => {
  let lab: SlurmLab;
  beforeAll(async () => {
    lab = await SlurmLab.start({ nodes: 1, cpus: 4, accounting: true });
  });
  afterAll(() => lab.close());
  const clientFor = (asked: { account?: string; qos?: string }): SlurmPrograms =>
    new SlurmPrograms({ ...process.env, ...lab.env }, asked);

  test('knows accounts and QoS', async () => {
    const associations = await clientFor({}).associations(never);
    expect(associations).toEqual(
      expect.arrayContaining([
        {
          account: 'co_test',
          partition: undefined,
          qos: ['savio_debug', 'savio_lowprio', 'savio_normal'],
          defaultQos: 'savio_normal',
        },
        { account: 'fc_test', partition: undefined, qos: ['savio_debug', 'savio_normal'], defaultQos: 'savio_normal' },
      ]),
    );
  });

  test('refuses a wrong account and names the right ones', async () => {
    const error = await failureOf(
      clientFor({ account: 'fc_tset' }).submit(script(lab, { jobName: 'wrong', account: 'fc_tset' }), never),
    );
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.code).toBe('SLURM_ACCOUNT');
    expect(error.advice.why).toMatch(/You gave "fc_tset"\. Yours are: .*co_test/);
  });

  test('refuses a wrong QoS, and a time that the QoS does not allow', async () => {
    const qos = await failureOf(
      clientFor({ account: 'fc_test', qos: 'savio_lowprio' }).submit(
        script(lab, { jobName: 'q', account: 'fc_test', qos: 'savio_lowprio' }),
        never,
      ),
    );
    expect(qos.code).toBe('SLURM_QOS');
    expect(qos.advice.why).toBe('With fc_test you may use: savio_debug, savio_normal.');
    const time = await failureOf(
      clientFor({}).submit(script(lab, { jobName: 't', account: 'fc_test', qos: 'savio_debug', minutes: 600 }), never),
    );
    expect(time.code).toBe('SLURM_TIME');
  });

  test('remembers what ended, by job and by name', async () => {
    const client = clientFor({});
    const jobId = await client.submit(
      script(lab, { jobName: 'two', tasks: 2, account: 'fc_test', body: 'case $3 in *-1) exit 70 ;; esac' }),
      never,
    );
    let rows: Awaited<ReturnType<SlurmPrograms['accounting']>>;
    await lab.until('both are accounted for', async () => {
      rows = await client.accounting({ jobIds: [jobId ?? ''] }, never);
      return Array.isArray(rows) && rows.length === 2 && rows.every(({ state }) => /COMPLETED|FAILED/.test(state));
    });
    expect(rows).toEqual([
      expect.objectContaining({
        jobId,
        arrayIndex: 0,
        state: 'COMPLETED',
        exitCode: 0,
        nodes: 'n0',
        cores: 1,
        jobName: 'two',
      }),
      expect.objectContaining({ jobId, arrayIndex: 1, state: 'FAILED', exitCode: 70, signal: 0 }),
    ]);
    expect(await client.accounting({ jobNames: ['two'] }, never)).toHaveLength(2);
    expect(await client.accounting({ jobNames: ['never-was'] }, never)).toEqual([]);
  });
});
