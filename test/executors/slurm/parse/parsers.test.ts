import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatSlurmDuration, parseSlurmDuration } from '../../../../src/executors/slurm/parse/duration.ts';
import { parseJobId } from '../../../../src/executors/slurm/parse/parse-job-id.ts';
import { explainRefusal } from '../../../../src/executors/slurm/decide/explain-refusal.ts';
import { formatIndexes, parseAccounting } from '../../../../src/executors/slurm/parse/parse-accounting.ts';
import { parseAssociations } from '../../../../src/executors/slurm/parse/parse-associations.ts';
import { parsePartitions } from '../../../../src/executors/slurm/parse/parse-partitions.ts';
import { parseQueue } from '../../../../src/executors/slurm/parse/parse-queue.ts';
import { parseSchedulerConfig } from '../../../../src/executors/slurm/parse/parse-scheduler-config.ts';

describe('answers of Slurm', () => {
  test('the queue: tasks, jobs that are no arrays, reasons with blanks', () => {
    const text = [
      '21|0|RUNNING|n1|None|ocrp-marduk-7f3a01-1',
      '21|7|PENDING||ReqNodeNotAvail, UnavailableNodes:n1|ocrp-marduk-7f3a01-1',
      '22|N/A|COMPLETED|n0|None|a|b',
      'slurm_load_jobs error: Unable to contact slurm controller',
      '',
    ].join('\n');
    expect(parseQueue(text)).toEqual([
      { jobName: 'ocrp-marduk-7f3a01-1', jobId: '21', arrayIndex: 0, state: 'RUNNING', reason: '', nodes: 'n1' },
      {
        jobName: 'ocrp-marduk-7f3a01-1',
        jobId: '21',
        arrayIndex: 7,
        state: 'PENDING',
        reason: 'ReqNodeNotAvail, UnavailableNodes:n1',
        nodes: '',
      },
      { jobName: 'a|b', jobId: '22', arrayIndex: undefined, state: 'COMPLETED', reason: '', nodes: 'n0' },
    ]);
  });

  test('accounting: first word of the state, both parts of the exit code, ranges of tasks that wait', () => {
    const text = [
      '21_0|CANCELLED by 1000|0:15|n1|00:01:30|8|None|ocrp-a-1',
      '21_[3-4,9%2]|PENDING|0:0|None assigned|00:00:00|0|Resources|ocrp-a-1',
      '22|OUT_OF_MEMORY|0:125|n0|1-00:00:10|32|None|ocrp-b-1',
      '22.batch|OUT_OF_MEMORY|0:125|n0|00:00:10|32||batch',
    ].join('\n');
    const rows = parseAccounting(text);
    expect(rows.map(({ jobId, arrayIndex, state, signal }) => [jobId, arrayIndex, state, signal])).toEqual([
      ['21', 0, 'CANCELLED', 15],
      ['21', 3, 'PENDING', 0],
      ['21', 4, 'PENDING', 0],
      ['21', 9, 'PENDING', 0],
      ['22', undefined, 'OUT_OF_MEMORY', 125],
    ]);
    expect(rows[0]).toMatchObject({ seconds: 90, cores: 8, nodes: 'n1', exitCode: 0, jobName: 'ocrp-a-1' });
    expect(rows[4]?.seconds).toBe(86_410);
    expect(rows[1]?.nodes).toBe('');
  });

  test('partitions of whole nodes, as 22.05 and 24.11 and as 26.05 say it', () => {
    const older =
      'PartitionName=savio3 AllowAccounts=fc_a,fc_b Default=NO MaxNodes=24 MaxTime=3-00:00:00 OverSubscribe=EXCLUSIVE PreemptMode=OFF State=UP';
    const newer =
      'PartitionName=savio3 AllowAccounts=fc_a,fc_b Default=NO Exclusive=NODE MaxNodes=24 MaxTime=3-00:00:00 OverSubscribe=NO PreemptMode=OFF State=UP';
    const nodes = 'savio3|3/1/0/4|40|96000|savio3,savio3_c40\nsavio3|100/8/4/112|32|96000+|(null)\n';
    const expected = {
      name: 'savio3',
      isDefault: false,
      isUp: true,
      wholeNodes: true,
      maxMinutes: 4_320,
      maxNodes: 24,
      isPreemptable: false,
      allowedAccounts: ['fc_a', 'fc_b'],
      nodeKinds: [
        { nodes: 112, idleNodes: 8, cores: 32, memoryMiB: 96_000, features: [] },
        { nodes: 4, idleNodes: 1, cores: 40, memoryMiB: 96_000, features: ['savio3', 'savio3_c40'] },
      ],
    };
    expect(parsePartitions(older, nodes)).toEqual([expected]);
    expect(parsePartitions(newer, nodes)).toEqual([expected]);
    const shared = newer
      .replace('Exclusive=NODE', 'Exclusive=NO')
      .replace('3-00:00:00', 'UNLIMITED')
      .replace('MaxNodes=24', 'MaxNodes=UNLIMITED');
    expect(parsePartitions(shared, nodes)[0]).toMatchObject({
      wholeNodes: false,
      maxMinutes: undefined,
      maxNodes: undefined,
    });
  });

  test('the configuration, with what is missing as Slurm has it by default', () => {
    const text =
      'Configuration data as of 2026-01-01T00:00:00\nAccountingStorageType   = accounting_storage/slurmdbd\nClusterName             = brc\nMaxArraySize            = 30001\nMinJobAge               = 300 sec\nSelectType              = select/linear\nSLURM_VERSION           = 24.11.5\n';
    expect(parseSchedulerConfig(text)).toEqual({
      clusterName: 'brc',
      version: '24.11.5',
      maxArraySize: 30_001,
      maxJobCount: 10_000,
      minJobAgeS: 300,
      killWaitS: 30,
      hasAccounting: true,
      wholeNodesOnly: true,
    });
    expect(parseSchedulerConfig('AccountingStorageType = (null)').hasAccounting).toBe(false);
    expect(parseSchedulerConfig('AccountingStorageType = accounting_storage/none').hasAccounting).toBe(false);
  });

  test('associations', () => {
    expect(parseAssociations('fc_a|savio3|savio_normal,savio_debug|savio_normal\nco_b|||\n')).toEqual([
      { account: 'fc_a', partition: 'savio3', qos: ['savio_normal', 'savio_debug'], defaultQos: 'savio_normal' },
      { account: 'co_b', partition: undefined, qos: [], defaultQos: undefined },
    ]);
  });
});

describe('times and indexes', () => {
  test.each([
    ['10', 600],
    ['10:30', 630],
    ['2:00:00', 7_200],
    ['3-00:00:00', 259_200],
    ['1-12', 129_600],
    ['1-12:30', 131_400],
    ['UNLIMITED', undefined],
    ['infinite', undefined],
    ['', undefined],
  ])('%s', (text, seconds) => {
    expect(parseSlurmDuration(text)).toBe(seconds);
  });

  test('a time that is written is read as the same', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000 }), (minutes) => {
        expect(parseSlurmDuration(formatSlurmDuration(minutes))).toBe(minutes * 60);
      }),
    );
  });

  test('indexes are written short, and mean the same', () => {
    expect(formatIndexes([3, 0, 1, 2, 8, 8])).toBe('0-3,8');
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 2_000 }), { minLength: 1 }), (indexes) => {
        const rows = parseAccounting(`5_[${formatIndexes(indexes)}]|PENDING|0:0|||||x`);
        expect(rows.map(({ arrayIndex }) => arrayIndex)).toEqual(indexes.toSorted((a, b) => a - b));
      }),
    );
  });
});

describe('the number of a job', () => {
  test.each([
    ['1234\n', '1234'],
    ['1234;savio\n', '1234'],
    ['Welcome to Savio!\nAccount fc_test: 2,000 SU left\n1234\n', '1234'],
    ['*** 12 jobs of yours wait ***\n1234;savio\nHave a nice day\n', '1234'],
    ['2026\n1234\n', '1234'],
    ['Submitted batch job 1234\n', '1234'],
    ['Submitted batch job 1234 on cluster savio\n', '1234'],
    ['  1234  \r\n', '1234'],
    ['', undefined],
    ['Thank you\n', undefined],
  ])('in %j', (out, id) => expect(parseJobId(out)).toBe(id));
});

test('a greeting before what accounting knows of accounts is no account', () => {
  expect(parseAssociations('Welcome to Savio!\n\nfc_test||normal|normal\n')).toEqual([
    { account: 'fc_test', partition: undefined, qos: ['normal'], defaultQos: 'normal' },
  ]);
});

describe('refusals in words of ours', () => {
  const asked = { account: 'fc_me', qos: 'savio_normal', partition: 'savio3' };
  test.each([
    [
      'sbatch: error: Batch job submission failed: Invalid account or account/partition combination specified',
      'SLURM_ACCOUNT',
    ],
    ['sbatch: error: Batch job submission failed: Invalid qos specification', 'SLURM_QOS'],
    [
      'sbatch: error: invalid partition specified: nowhere\nsbatch: error: Batch job submission failed: Invalid partition name specified',
      'SLURM_PARTITION',
    ],
    [
      "sbatch: error: QOSMaxWallDurationPerJobLimit\nsbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)",
      'SLURM_TIME',
    ],
    [
      'sbatch: error: Batch job submission failed: Requested time limit is invalid (missing or exceeds some limit)',
      'SLURM_TIME',
    ],
    ['sbatch: error: Batch job submission failed: Requested node configuration is not available', 'SLURM_TOO_BIG'],
    [
      "sbatch: error: This user/account pair does not have enough service units to afford this job's estimated cost\nsbatch: error: Batch job submission failed: Unspecified error",
      'SLURM_NO_SU',
    ],
    [
      'sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)',
      'SLURM_UNREACHABLE',
    ],
    ['sbatch: error: Batch job submission failed: Socket timed out on send/recv operation', 'SLURM_UNREACHABLE'],
    [
      "sbatch: error: QOSMaxSubmitJobPerUserLimit\nsbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)",
      'SLURM_QUEUE_FULL',
    ],
    ['sbatch: error: Batch job submission failed: Invalid job array specification', 'SLURM_ARRAY'],
    [
      "sbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)",
      'SLURM_POLICY',
    ],
    [
      "sbatch: error: AssocGrpSubmitJobsLimit\nsbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)",
      'SLURM_QUEUE_FULL',
    ],
    ['sbatch: error: Batch job submission failed: something new', 'SLURM_REFUSED'],
    // Words of a site's own may be anything, also words that mean something else when Slurm says them.
    [
      'sbatch: error: Mind the job limit of your account.\nsbatch: error: Batch job submission failed: Unspecified error',
      'SLURM_REFUSED',
    ],
  ])('%s', (said, code) => {
    const error = explainRefusal(said, asked);
    expect(error.code).toBe(code);
    expect([error.message, error.advice.why].join(' ')).toMatch(/\w/);
  });

  test('all that a site says as it refuses is told, and how to give what it asks for', () => {
    const said = [
      'sbatch: Course reservations are in force until Friday.',
      'sbatch: error: Give --reservation=NAME; ask cluster-help if you have none.',
      'sbatch: error: Batch job submission failed: Unspecified error',
      '',
    ].join('\n');
    const { code, advice } = explainRefusal(said, asked);
    expect(code).toBe('SLURM_REFUSED');
    expect(advice.why).toContain('Course reservations are in force until Friday.');
    expect(advice.why).toContain('Give --reservation=NAME; ask cluster-help if you have none.');
    expect(advice.why).toContain('Unspecified error');
    expect(advice.remedy).toContain('--sbatch-option');
  });

  test('a page of words is cut', () => {
    const said = Array.from({ length: 5_000 }, (_, index) => `sbatch: error: ${index} ${'x'.repeat(2_000)}`).join('\n');
    expect(explainRefusal(said, asked).advice.why?.length).toBeLessThan(10_000);
  });
});
