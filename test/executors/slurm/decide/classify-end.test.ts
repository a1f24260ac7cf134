import { describe, expect, test } from 'vitest';
import {
  classifyEnd,
  endBeforeFirstWord,
  EXIT_MARK,
  isLive,
  latestStart,
  START_MARK,
  type EndSigns,
  type TaskEnd,
} from '../../../../src/executors/slurm/decide/classify-end.ts';
import { passingReason } from '../../../../src/executors/slurm/decide/passing-reason.ts';
import { hopelessReason } from '../../../../src/executors/slurm/decide/hopeless-reason.ts';

const STEP = 'slurmstepd: error:';

/** As measured on Slurm 22.05, 24.11 and 26.05. */
const ENDS: readonly (readonly [what: string, signs: EndSigns, end: TaskEnd])[] = [
  ['all well', { state: 'COMPLETED', exitCode: 0 }, 'completed'],
  [
    'the program ends with 69',
    { state: 'FAILED', reason: 'NonZeroExitCode', exitCode: 69, signal: 0 },
    'worker-failed',
  ],
  ['the queue alone: no exit code', { state: 'FAILED', reason: 'NonZeroExitCode' }, 'worker-failed'],
  ['no such command', { state: 'FAILED', exitCode: 127, signal: 0 }, 'worker-failed'],
  [
    'the script is killed, 22.05',
    { state: 'FAILED', reason: 'JobLaunchFailure', exitCode: 0, signal: 9 },
    'launch-failure',
  ],
  [
    'the script is killed, 24.11',
    { state: 'FAILED', reason: 'RaisedSignal:9(Killed)', exitCode: 0, signal: 9 },
    'launch-failure',
  ],
  ['the script is killed, the queue alone', { state: 'FAILED', reason: 'JobLaunchFailure' }, 'launch-failure'],
  [
    'the folder of the log is missing',
    { state: 'FAILED', reason: 'JobLaunchFailure', exitCode: 0, signal: 53 },
    'folder-missing',
  ],
  ['the run folder is missing', { state: 'FAILED', exitCode: 72, signal: 0 }, 'folder-missing'],
  [
    'the run folder is missing, by the log',
    { state: 'FAILED', reason: 'NonZeroExitCode', logTail: `${START_MARK} 1-0\n${EXIT_MARK} 72\n` },
    'folder-missing',
  ],
  ['told to stop', { state: 'FAILED', exitCode: 75, signal: 0 }, 'worker-stopped'],
  [
    'told to stop, by the log',
    { state: 'FAILED', reason: 'NonZeroExitCode', logTail: `${START_MARK} 1-0\n${EXIT_MARK} 75\n` },
    'worker-stopped',
  ],
  ['out of time', { state: 'TIMEOUT', exitCode: 0, signal: 15 }, 'time-limit'],
  ['past the deadline', { state: 'DEADLINE' }, 'time-limit'],
  [
    'out of time, but the script had the last word',
    {
      state: 'FAILED',
      exitCode: 0,
      signal: 15,
      logTail: `${STEP} *** JOB 3 ON n0 CANCELLED AT 2026-01-01T00:00:00 DUE TO TIME LIMIT ***`,
    },
    'time-limit',
  ],
  ['out of memory, by cgroup', { state: 'OUT_OF_MEMORY', exitCode: 0, signal: 125 }, 'out-of-memory'],
  [
    'out of memory, by OverMemoryKill',
    {
      state: 'FAILED',
      reason: 'JobLaunchFailure',
      exitCode: 0,
      signal: 9,
      logTail: `${STEP} Exceeded job memory limit`,
    },
    'out-of-memory',
  ],
  [
    'out of memory, by the log of a cgroup',
    { state: 'FAILED', exitCode: 0, signal: 9, logTail: `${STEP} Detected 1 oom_kill event in StepId=5.batch.` },
    'out-of-memory',
  ],
  ['preempted', { state: 'PREEMPTED', exitCode: 0, signal: 15 }, 'preempted'],
  [
    'preempted, by the log',
    {
      state: 'CANCELLED by 0',
      logTail: `${STEP} *** JOB 3 ON n0 CANCELLED AT 2026-01-01T00:00:00 DUE TO PREEMPTION ***`,
    },
    'preempted',
  ],
  ['the node died', { state: 'NODE_FAIL', reason: 'NodeDown' }, 'node-failure'],
  ['the node did not start', { state: 'BOOT_FAIL' }, 'node-failure'],
  [
    'the node came back and killed the new start',
    {
      state: 'FAILED',
      reason: 'JobLaunchFailure',
      exitCode: 0,
      signal: 15,
      logTail: `${STEP} *** JOB 3 ON n2 CANCELLED AT 2026-01-01T00:00:00 DUE TO NODE FAILURE, SEE SLURMCTLD LOG FOR DETAILS ***`,
    },
    'node-failure',
  ],
  [
    'somebody cancelled it',
    {
      state: 'CANCELLED by 1000',
      exitCode: 0,
      signal: 15,
      logTail: `${STEP} *** JOB 3 ON n0 CANCELLED AT 2026-01-01T00:00:00 ***`,
    },
    'cancelled',
  ],
  ['what we have never seen', { state: 'ELSEWHERE' }, 'unknown'],
];

describe('how a task ended', () => {
  test.each(ENDS)('%s', (_, signs, end) => expect(classifyEnd(signs)).toBe(end));

  test('is not taken from what an earlier start left in the log', () => {
    const log = `${START_MARK} 1-0, start 1\n${STEP} *** JOB 3 CANCELLED DUE TO PREEMPTION ***\n${START_MARK} 1-0, start 2\nno engine\n${EXIT_MARK} 69\n`;
    expect(classifyEnd({ state: 'FAILED', reason: 'NonZeroExitCode', logTail: log })).toBe('worker-failed');
    expect(latestStart(log)).toBe(`${START_MARK} 1-0, start 2\nno engine\n${EXIT_MARK} 69\n`);
    expect(latestStart('no mark')).toBe('no mark');
  });

  test('is not asked of a task that may still write', () => {
    for (const state of ['PENDING', 'RUNNING', 'COMPLETING', 'REQUEUED', 'SUSPENDED'])
      expect(isLive(state), state).toBe(true);
    for (const [what, { state }] of ENDS) expect(isLive(state), what).toBe(false);
  });
});

describe('an end before the first word of the program', () => {
  const started = `${START_MARK} 1-0, start 1, on n1\n`;
  test.each([
    ['the container', { exitCode: 255, logTail: `${started}FATAL: no image\n${EXIT_MARK} 255\n` }, 'node-fault'],
    ['no such program', { exitCode: 127, logTail: `${started}node: not found\n${EXIT_MARK} 127\n` }, 'node-fault'],
    ['not for this machine', { logTail: `${started}Exec format error\n${EXIT_MARK} 126\n` }, 'node-fault'],
    ['no container program', { logTail: `${started}Neither apptainer\n${EXIT_MARK} 69\n` }, 'node-fault'],
    ['no room for temporary files', { logTail: `${started}mktemp: no space\n${EXIT_MARK} 74\n` }, 'node-fault'],
    ['an older C library', { exitCode: 1, logTail: `${started}GLIBC_2.38 not found\n${EXIT_MARK} 1\n` }, 'node-fault'],
    ['no log at all', { exitCode: 127, logTail: '' }, 'node-fault'],
    ['killed while it started', { logTail: `${started}${EXIT_MARK} 137\n` }, 'launch-failure'],
    ['the run folder', { logTail: `${started}${EXIT_MARK} 72\n` }, undefined],
    ['told to stop', { logTail: `${started}${EXIT_MARK} 75\n` }, undefined],
    ['it spoke', { logTail: `${started}task 1-0: 3 of 3 chunks to read\n${EXIT_MARK} 1\n` }, undefined],
    ['it said why', { logTail: `${started}{"type":"error","code":"X"}\n${EXIT_MARK} 69\n` }, undefined],
    ['an earlier start spoke', { logTail: `${started}task 1-0: 3 of 3\n${started}x\n${EXIT_MARK} 1\n` }, 'node-fault'],
    ['no log, and a code of any program', { exitCode: 1, logTail: '' }, undefined],
    ['the log was cut', { exitCode: 1, logTail: `pages\n${EXIT_MARK} 1\n` }, undefined],
  ] as const)('%s', (_, signs, end) => expect(endBeforeFirstWord({ state: 'FAILED', ...signs })).toBe(end));
});

describe('why a job waits', () => {
  test.each([
    ['PartitionTimeLimit', 'SLURM_TIME'],
    ['QOSMaxWallDurationPerJobLimit', 'SLURM_TIME'],
    ['AssocMaxWallDurationPerJobLimit', 'SLURM_TIME'],
    ['QOSMaxNodePerJobLimit', 'SLURM_TOO_BIG'],
    ['QOSMaxCpuPerJobLimit', 'SLURM_TOO_BIG'],
    ['AssocMaxCpuPerJobLimit', 'SLURM_TOO_BIG'],
    ['PartitionNodeLimit', 'SLURM_TOO_BIG'],
    ['PartitionConfig', 'SLURM_PARTITION'],
    ['BadConstraints', 'SLURM_PARTITION'],
    ['QOSMaxMemoryPerNode', 'SLURM_TOO_BIG'],
    ['QOSMaxCpuMinutesPerJobLimit', 'SLURM_TOO_BIG'],
    ['QOSMinCpuNotSatisfied', 'SLURM_TOO_BIG'],
    ['MaxMemPerLimit', 'SLURM_TOO_BIG'],
    ['AssociationTimeLimit', 'SLURM_TIME'],
    ['QOSNotAllowed', 'SLURM_QOS'],
    ['AccountNotAllowed', 'SLURM_ACCOUNT'],
    ['ReservationDeleted', 'SLURM_RESERVATION'],
    ['InvalidAccount', 'SLURM_ACCOUNT'],
    ['InvalidQOS', 'SLURM_QOS'],
    ['AssocGrpCPUMinutesLimit', 'SLURM_NO_SU'],
    ['AssocGrpBillingMinutes', 'SLURM_NO_SU'],
    ['QOSGrpCPUMinutesLimit', 'SLURM_NO_SU'],
    ['DependencyNeverSatisfied', 'SLURM_HELD'],
    ['JobHoldMaxRequeue', 'SLURM_HELD'],
  ])('%s would last for ever', (reason, code) => {
    const error = hopelessReason(reason);
    expect(error?.code).toBe(code);
    expect(error?.why).toContain(reason);
    expect(error?.remedy).toMatch(/\S/);
  });

  test.each([
    '',
    'None',
    'Priority',
    'Resources',
    'BeginTime',
    'JobArrayTaskLimit',
    'ReqNodeNotAvail, UnavailableNodes:n1',
    'QOSGrpCpuLimit',
    'QOSMaxJobsPerUserLimit',
    'AssocMaxJobsLimit',
    'QOSMaxCpuPerUserLimit',
    'AssocGrpNodeLimit',
    'Nodes_required_for_job_are_DOWN',
    'Reservation',
    'Cleaning',
    'PartitionDown',
    'PartitionInactive',
    'JobHeldUser',
    'JobHeldAdmin',
    'AssocGrpCPURunMinutesLimit',
    'AssocGrpBillingRunMinutes',
    'QOSGrpCPURunMinutesLimit',
    'QOSGrpMemoryRunMinutes',
    'QOSGrpWallLimit',
    'QOSMaxNodePerUserLimit',
    'MaxCpuPerAccount',
    'MaxJobsPerAccount',
    'QOSUsageThreshold',
    'Licenses',
    'NodeDown',
    'Dependency',
    'Prolog',
    'BurstBufferResources',
    'A reason of a later version',
  ])('%s passes', (reason) => expect(hopelessReason(reason)).toBeUndefined());

  test.each([
    ['PartitionDown', /closed at the moment/],
    ['PartitionInactive', /closed at the moment/],
    ['AssocGrpCPURunMinutesLimit', /as much as it may run at once/],
    ['QOSGrpBillingRunMinutes', /as much as it may run at once/],
    ['JobHeldUser', /scontrol release/],
    ['ReqNodeNotAvail, Reserved for maintenance', /maintenance/],
    ['QOSMaxJobsPerUserLimit', /all that you may run at once/],
    ['MaxCpuPerAccount', /all that you may run at once/],
    ['AssocGrpNodeLimit', /all that your account or QoS may run/],
  ])('%s is worth a word', (reason, word) => expect(passingReason(reason)).toMatch(word));

  test.each(['', 'None', 'Priority', 'Resources', 'BeginTime', 'JobArrayTaskLimit', 'Cleaning', 'PartitionTimeLimit'])(
    '%s says nothing new',
    (reason) => expect(passingReason(reason)).toBeUndefined(),
  );
});
