import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { judgeRun } from '../../src/core/verdict.ts';
import { ProgressMeter } from '../../src/core/progress-meter.ts';
import { countRun } from '../../src/core/run-state.ts';
import { DEFAULT_LIMITS } from '../../src/core/settings.ts';
import { SystemicFailureWatch } from '../../src/core/systemic-failure.ts';
import { LocalExecutor } from '../../src/executors/local.ts';
import { runPipeline } from '../../src/pipeline.ts';
import { DocumentBudgets } from '../../src/work/document-budgets.ts';
import { realDisk } from '../../src/files/disk.ts';
import { RunFolder } from '../../src/runs/run-folder.ts';
import { RunLog } from '../../src/runs/run-log.ts';
import { Session } from '../../src/session/session.ts';
import { BoxStore } from '../../src/stores/box/box-store.ts';
import { connect, openNetwork, type BoxConnection, type BoxNetwork } from '../../src/stores/box/transport/connect.ts';
import { startBoxEmulator, type BoxEmulator } from '../box-emulator/box-emulator.ts';
import { ManualClock } from '../box-emulator/clock.ts';
import { RATE_LIMITS } from '../box-emulator/rate-limiter.ts';
import { ownerLogin, settingsFor } from '../stores/box/box-harness.ts';
import { SimulatedClock } from '../support/simulated-clock.ts';
import { EMPTY_RECIPE, StandInPool } from '../support/stand-in-pool.ts';
import { HANG_MS } from '../support/hang.ts';

// 10,000 is the full scale; it takes some three minutes.
const DOCUMENTS = Number(process.env['OCR_SCALE_DOCUMENTS'] ?? 2_000);
const OUTPUTS_EACH = 2;
const FOLDERS = 10;
/** content, two uploads, two marks. */
const CALLS_EACH = 5;
const MINUTE_MS = 60_000;
const WORKERS = 8;

describe(`${DOCUMENTS} documents with two outputs each, within Box's rate limits`, () => {
  let emulator: BoxEmulator;
  let network: BoxNetwork;
  let connection: BoxConnection;
  let clock: SimulatedClock;
  let driving: Promise<void>;
  let folderId: string;
  let workDir: string;

  beforeAll(async () => {
    const time = new ManualClock();
    emulator = await startBoxEmulator({ clock: time, rateLimits: RATE_LIMITS });
    clock = new SimulatedClock(time);
    network = await openNetwork({ settings: settingsFor(emulator), clock, random: () => 0.5 });
    connection = await connect(network, ownerLogin(emulator));
    folderId = emulator.seedFolder('Scans').id;
    for (let number = 1; number <= DOCUMENTS; number++) {
      await emulator.seedFile(`Series ${number % FOLDERS}/scan ${number}.pdf`, `%PDF-1.4 ${number}`, {
        parentId: folderId,
      });
    }
    workDir = await mkdtemp(join(tmpdir(), 'box-scale-'));
    driving = clock.drive(emulator);
  });
  afterAll(async () => {
    clock[Symbol.dispose]();
    await driving;
    network.close();
    await emulator.close();
    await rm(workDir, { recursive: true, force: true });
  });

  /** One session as the program has it, on a machine that keeps its runs in `below`. */
  async function live(
    below: string,
  ): Promise<{ exitCode: number; done: number; calls: Record<string, number>; minutes: number }> {
    emulator.requests.clear();
    const startedMs = clock.now();
    const box = { kind: 'box' as const, name: 'Scans', ids: [folderId] };
    const record = {
      name: 'scans-000000',
      createdAt: '',
      programVersion: '1',
      source: box,
      destination: { ...box, name: 'Scans/OCR', below: ['OCR'] },
      settings: {
        ...EMPTY_RECIPE,
        formats: ['txt', 'pdf'] as const,
        onConflict: 'stop' as const,
        match: [],
        recursive: true,
        limits: DEFAULT_LIMITS,
      },
      recipe: EMPTY_RECIPE,
    };
    await using run = await RunFolder.create(join(workDir, below), record, realDisk);
    await using pool = new StandInPool(WORKERS);
    const folder = { id: folderId, path: 'Scans', name: 'Scans' };
    const scratch = join(workDir, below, 'archives');
    const destination = new BoxStore(connection, { folder, below: ['OCR'], recursive: true, exclude: [], scratch });
    const { id: resultsId } = await destination.describe(AbortSignal.timeout(MINUTE_MS));
    const source = new BoxStore(connection, {
      folder,
      below: [],
      recursive: true,
      exclude: resultsId === folderId ? [] : [resultsId],
      scratch,
    });
    const log = new RunLog(record.name, run.logFile, realDisk);
    const executor = new LocalExecutor(
      {
        pool,
        disk: realDisk,
        watch: new SystemicFailureWatch(),
        budgets: new DocumentBudgets(),
        nameOf: (sha1) => sha1,
        onPage: () => undefined,
      },
      (chunkId) => ({ partial: run.chunkPartialFile(chunkId), result: run.chunkResultFile(chunkId) }),
      below,
    );
    const session = await Session.begin(
      {
        run,
        source,
        destination,
        executor,
        pool,
        log,
        findResults: (signal) => destination.listResults(signal),
        meter: new ProgressMeter(0),
        observer: { progress: () => undefined, notice: () => undefined },
        documents: new Map(),
        programVersion: '1',
        where: 'this computer',
        onPage: () => undefined,
        leaveEarly: false,
        otherRunFolders: [],
        deliveredByOthers: new Set(),
      },
      AbortSignal.timeout(HANG_MS),
    );
    try {
      await runPipeline(session, AbortSignal.timeout(HANG_MS));
      const state = await run.readState();
      const calls: Record<string, number> = {};
      for (const { endpoint } of emulator.requests.records) calls[endpoint] = (calls[endpoint] ?? 0) + 1;
      return {
        exitCode: judgeRun(state).exitCode,
        done: countRun(state).documents.done,
        calls,
        minutes: (clock.now() - startedMs) / MINUTE_MS,
      };
    } finally {
      await executor.close();
      await session.end(0, undefined);
      await log.close();
      await source.close();
      await destination.close();
    }
  }

  it('delivers all of them about as fast as Box lets anybody, and is never told to slow down', async () => {
    const { exitCode, done, calls, minutes } = await live('here');
    console.info(`scale: ${minutes.toFixed(1)} simulated minutes, ${JSON.stringify(calls)}`);
    expect({ exitCode, done }).toEqual({ exitCode: 0, done: DOCUMENTS });
    const results = emulator.list(folderId).filter(({ path }) => path.startsWith('OCR/'));
    expect(results).toHaveLength(OUTPUTS_EACH * DOCUMENTS);
    expect(results.every(({ versionCount }) => versionCount === 1)).toBe(true);
    expect(emulator.requests.records.filter(({ status }) => status === 429)).toEqual([]);
    const atLeast = Math.max(
      (OUTPUTS_EACH * DOCUMENTS) / RATE_LIMITS.uploadsPerMinute,
      (CALLS_EACH * DOCUMENTS) / RATE_LIMITS.callsPerMinute,
    );
    expect(minutes).toBeGreaterThanOrEqual(atLeast - 1);
    expect(minutes).toBeLessThan(atLeast * 1.1 + 2);
    expect(emulator.checks({ callsPerFile: 3 })).toEqual([]);
    const listing = DOCUMENTS / 100 + 100;
    expect(emulator.requests.count() - emulator.requests.count('download')).toBeLessThan(
      CALLS_EACH * DOCUMENTS + listing,
    );
  });

  it.each([
    ['the same machine', 'here'],
    ['another machine', 'there'],
  ])('a second run, on %s, makes listing calls only', async (_where, below) => {
    const { exitCode, done, calls } = await live(below);
    console.info(`scale, again: ${JSON.stringify(calls)}`);
    expect({ exitCode, done }).toEqual({ exitCode: 0, done: DOCUMENTS });
    expect(Object.keys(calls)).toEqual(['folder-items']);
    // Thrice each folder and page: looking for the results, the scans, and what else lies there.
    expect(calls['folder-items']).toBeLessThan((OUTPUTS_EACH + 1) * (DOCUMENTS / 1_000 + FOLDERS) + 20);
  });
});
