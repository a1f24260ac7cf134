import { describe, expect, it } from 'vitest';
import { errorFromRecord, EXIT } from '../../../../src/core/errors.ts';
import {
  classifyEnd,
  endBeforeFirstWord,
  EXIT_MARK,
  isLive,
  START_MARK,
  type EndSigns,
} from '../../../../src/executors/slurm/decide/classify-end.ts';
import {
  decideRetry,
  FREE_TRIES,
  TRIES_ALONE,
  type EndedTask,
  type RetryDecision,
} from '../../../../src/executors/slurm/decide/decide-retry.ts';
import { NO_HISTORY, type ChunkHistory } from '../../../../src/executors/slurm/store/wave-store.ts';
import { expectSound } from '../../../support/system-errors.ts';

/** sacct(1) and squeue(1), JOB STATE CODES, of Slurm 20.11 to 26.05. */
const ENDED = [
  'BOOT_FAIL',
  'CANCELLED',
  'CANCELLED by 0',
  'COMPLETED',
  'DEADLINE',
  'FAILED',
  'LAUNCH_FAILED',
  'NODE_FAIL',
  'OUT_OF_MEMORY',
  'PREEMPTED',
  'RECONFIG_FAIL',
  'REVOKED',
  'TIMEOUT',
] as const;
const LIVE = [
  'COMPLETING',
  'CONFIGURING',
  'EXPEDITING',
  'PENDING',
  'POWER_UP_NODE',
  'REQUEUED',
  'REQUEUE_FED',
  'REQUEUE_HOLD',
  'RESIZING',
  'RESV_DEL_HOLD',
  'RUNNING',
  'SIGNALING',
  'SPECIAL_EXIT',
  'STAGE_OUT',
  'STOPPED',
  'SUSPENDED',
  'UPDATE_DB',
] as const;

const STARTED = `${START_MARK} 1-0, start 1, on n1\n`;
const SPOKE = 'task 1-0: 3 of 3 chunks to read\n';
/** What is left of a log: that the program spoke and how the script ended, that it did not speak, a cut one, or none. */
const LOGS: Readonly<Record<string, (code: number) => string>> = {
  'it spoke': (code) => `${STARTED}${SPOKE}${EXIT_MARK} ${code}\n`,
  'it spoke, and the script was killed': () => `${STARTED}${SPOKE}`,
  'it did not speak': (code) => `${STARTED}FATAL: no such thing\n${EXIT_MARK} ${code}\n`,
  'no log': () => '',
};

function endOf(signs: EndSigns): EndedTask['end'] {
  const end = classifyEnd(signs);
  return (end === 'worker-failed' && endBeforeFirstWord(signs)) || end;
}

/** Ends in this way again and again, on another node each time: how it comes out, after how many tries. */
function outcome(end: EndedTask['end'], exitCode: number | undefined): { decision: RetryDecision; tries: number } {
  let history: ChunkHistory = NO_HISTORY;
  let workers = 8;
  const brokenNodes: string[] = [];
  for (let tries = 1; tries < 40; tries++) {
    const node = `n${tries}`;
    brokenNodes.push(node);
    const decision = decideRetry({
      end,
      exitCode,
      brokenNodes,
      logTail: '',
      minutes: 60,
      workers,
      unfinished: [{ id: 'a', history, begun: true, progressed: false }],
      wasAlone: true,
      isOld: false,
      node,
    });
    const [again] = decision.again;
    if (!again) return { decision, tries };
    history = again.history;
    workers = again.maxWorkers ?? workers;
  }
  return expect.fail(`${end} is tried without an end`);
}

/** Ends that pages can bring about, when they are alone in a task. */
const OF_PAGES: readonly EndedTask['end'][] = ['worker-failed', 'out-of-memory', 'time-limit'];

const sound = new Set<string>();

function expectSoundEnd(signs: EndSigns, told: string): void {
  const end = endOf(signs);
  // Many signs, few ends.
  const key = `${end} ${signs.exitCode}`;
  if (sound.has(key)) return;
  sound.add(key);
  const { decision, tries } = outcome(end, signs.exitCode);
  if (OF_PAGES.includes(end)) {
    expect(decision.stop, told).toBeUndefined();
    const [given] = decision.quarantined;
    if (!given) return expect.fail(`${told}: neither tried again nor given up`);
    expectSound(errorFromRecord(given.reason), { scopes: ['page'], exitCodes: [EXIT.someFailed] });
    expect(given.reason.message, told).toContain(`${TRIES_ALONE} times`);
    return;
  }
  expect(decision.quarantined, told).toEqual([]);
  expect(tries, told).toBeLessThanOrEqual(FREE_TRIES + 1);
  if (!decision.stop) return expect.fail(`${told}: neither tried again nor stopped`);
  const exitCodes = [EXIT.missingDependency, EXIT.output, EXIT.temporary];
  expectSound(errorFromRecord(decision.stop), { scopes: ['environment', 'store', 'run'], exitCodes });
}

describe.each(ENDED)('a task that Slurm calls %s', (state) => {
  it.each(Object.keys(LOGS))('is judged with every exit code and signal: %s', (what) => {
    expect(isLive(state)).toBe(false);
    for (let code = 0; code < 256; code++)
      for (const signal of [0, 1, 2, 6, 7, 9, 11, 15, 24, 25, 53, 64, 125]) {
        const logTail = LOGS[what]?.(code) ?? '';
        const signs = { state, exitCode: code, signal, logTail };
        expectSoundEnd(signs, `${state} ${code}:${signal}, ${what}`);
      }
  });

  it('has ended, also where nothing else is known', () => {
    expect(isLive(state)).toBe(false);
    expect(classifyEnd({ state }) === 'unknown').toBe(state === 'FAILED');
    expectSoundEnd({ state }, state);
  });
});

describe('what ends before our program spoke', () => {
  it.each([
    ['apptainer cannot run the image', 255],
    ['no such program in it', 127],
    ['a program for another machine', 126],
    ['the container was refused', 125],
    ['no container program', EXIT.missingDependency],
    ['no room for temporary files', EXIT.output],
    ['an instruction this processor does not have', 132],
    ['any other', 1],
  ])('is its node’s fault, and never a page’s: %s', (_what, code) => {
    const signs = { state: 'FAILED', exitCode: code, signal: 0, logTail: LOGS['it did not speak']?.(code) };
    expect(endOf(signs)).toBe('node-fault');
  });

  it.each([EXIT.missingDependency, EXIT.output, EXIT.access, EXIT.config, 125, 126, 127, 255])(
    'is its node’s fault also where the log is lost: %i',
    (code) => expect(endOf({ state: 'FAILED', exitCode: code, signal: 0, logTail: '' })).toBe('node-fault'),
  );

  it.each([137, 143])('or was killed, is no page’s fault: %i', (code) => {
    for (const log of Object.values(LOGS))
      expect(endOf({ state: 'FAILED', exitCode: code, signal: 0, logTail: log(code) })).toBe('launch-failure');
  });
});

it.each(LIVE)('a task that Slurm calls %s may still write', (state) => expect(isLive(state)).toBe(true));

it.each(['document', 'page'] as const)('an error of one %s on a node does not stop the run', (scope) => {
  const error = { family: 'OutputError', code: 'WRITE_FAILED', message: 'Cannot write it.', scope } as const;
  const task = { end: 'worker-failed', logTail: '', minutes: 60, workers: 8, wasAlone: false, isOld: false } as const;
  const unfinished = [{ id: 'a', history: NO_HISTORY, begun: true, progressed: true }];
  expect(decideRetry({ ...task, error, unfinished }).again).toHaveLength(1);
  expect(decideRetry({ ...task, error: { ...error, scope: undefined }, unfinished }).stop?.code).toBe('WRITE_FAILED');
});
