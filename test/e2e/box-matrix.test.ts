import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ENDPOINTS, type EndpointName } from '../box-emulator/call.ts';
import { FAULTS, type NamedFault } from '../box-emulator/fault-catalogue.ts';
import { seededRandom, seedScans, startBoxProgram, type Delivered } from '../support/box-program.ts';

const COMBINATIONS = Number(process.env['OCR_MATRIX_COMBINATIONS'] ?? 24);
const SEED = Number(process.env['OCR_MATRIX_SEED'] ?? 11);
const DOCUMENTS = 3;
/** Combinations under way at once: each is mostly waiting. */
const AT_ONCE = 2;
const LAST_NTH = 4;
const MAX_RESUMES = 3;

interface Combination {
  readonly fault: NamedFault;
  readonly endpoint: EndpointName;
  readonly nth: number;
  readonly killAtRequest: number;
}

/** The calls a run makes of small documents; others never meet a fault. */
const USED: readonly EndpointName[] = ENDPOINTS.filter((name) =>
  ['token', 'folder-get', 'folder-items', 'folder-create', 'preflight', 'content', 'download', 'upload', 'metadata-create'].includes(name),
);

function sample(count: number, seed: number): Combination[] {
  const random = seededRandom(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const all = FAULTS.filter(({ ends }) => ends === 'by-itself').flatMap((fault) =>
    fault.endpoints.filter((endpoint) => USED.includes(endpoint)).map((endpoint) => ({ fault, endpoint })),
  );
  return Array.from({ length: count }, () => ({
    ...pick(all),
    nth: 1 + Math.floor(random() * LAST_NTH),
    killAtRequest: 4 + Math.floor(random() * 22),
  }));
}

describe('a fault, a kill and a resume', () => {
  let expected: Delivered;
  beforeAll(async () => {
    await using program = await startBoxProgram();
    await seedScans(program.emulator, program.folderId, DOCUMENTS);
    const { code, stderr } = await program.run();
    expect(code, stderr).toBe(0);
    expected = program.delivered();
    expect(Object.keys(expected)).toHaveLength(2 * DOCUMENTS);
  });

  const tally = { hits: 0, kills: 0 };
  const cases = sample(COMBINATIONS, SEED).map((each) => ({
    ...each,
    title: `${each.fault.name}, ${each.endpoint} ${each.nth}, killed at request ${each.killAtRequest}`,
  }));
  describe.concurrent('ends complete and unique', { timeout: 120_000, concurrent: true }, () => {
    it.each(batches(cases, AT_ONCE))('batch %#', async (...batch) => {
      for (const { fault, endpoint, nth, killAtRequest, title } of batch) {
        await using program = await startBoxProgram();
        const { emulator } = program;
        await seedScans(emulator, program.folderId, DOCUMENTS);
        const before = emulator.faults.add({ endpoint, nth, effect: fault.effect });
        const killed = await program.run({ killAtRequest });
        if (killed.signal === 'SIGKILL') tally.kills++;
        else expect(killed.code, `${title}\n${killed.stderr}`).toBe(0);
        before.remove();
        // Once more in the life that goes on, so that both a first and a resumed run meet it.
        const after = emulator.faults.add({ endpoint, nth, effect: fault.effect });
        let last = await program.run();
        for (let resume = 1; last.code === 75 && resume <= MAX_RESUMES; resume++) last = await program.run();
        expect(last.code, `${title}\n${last.stderr}`).toBe(0);
        expect(program.delivered(), title).toEqual(expected);
        expect(await program.leftovers(), title).toEqual([]);
        expect(emulator.defects, title).toEqual([]);
        expect(emulator.checks({ ignore: ['used-refresh-token'] }), title).toEqual([]);
        tally.hits += before.hits + after.hits;
      }
    });
  });

  afterAll(() => {
    // Not every nth call exists; most must.
    expect(tally.hits).toBeGreaterThanOrEqual(COMBINATIONS / 2);
    expect(tally.kills).toBeGreaterThanOrEqual(COMBINATIONS / 2);
  });
});

/** So many lists, dealt in turn. */
function batches<T>(all: readonly T[], count: number): T[][] {
  return Array.from({ length: count }, (_, batch) => all.filter((_each, index) => index % count === batch));
}
