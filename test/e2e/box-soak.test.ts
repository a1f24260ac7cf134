import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { seedScans, startBoxProgram, type BoxProgram } from '../support/box-program.ts';
import { seededRandom } from '../support/seeded-random.ts';

// 2,000 documents and 20 kills is the full soak; it takes some six minutes.
const DOCUMENTS = Number(process.env['OCR_SOAK_DOCUMENTS'] ?? 60);
const KILLS = Number(process.env['OCR_SOAK_KILLS'] ?? 6);
const SEED = Number(process.env['OCR_SOAK_SEED'] ?? 7);
/** content, download, two uploads, two marks: what a document costs, about. */
const CALLS_PER_DOCUMENT = 6;
/** Lives after the last kill: each may end with a passing trouble and be started again. */
const MAX_RESUMES = 5;

describe(`${DOCUMENTS} documents, every tenth call failing, ${KILLS} kills`, () => {
  let calm: BoxProgram;
  let stormy: BoxProgram;
  beforeEach(async () => {
    calm = await startBoxProgram();
    stormy = await startBoxProgram();
    await seedScans(calm.emulator, calm.folderId, DOCUMENTS);
    await seedScans(stormy.emulator, stormy.folderId, DOCUMENTS);
  });
  afterEach(async () => {
    await calm[Symbol.asyncDispose]();
    await stormy[Symbol.asyncDispose]();
  });

  it('delivers every document once, the same as an undisturbed run', async () => {
    const undisturbed = await calm.run();
    expect(undisturbed.code, undisturbed.stderr).toBe(0);
    const expected = calm.delivered();
    expect(Object.keys(expected)).toHaveLength(2 * DOCUMENTS);

    const { emulator } = stormy;
    const random = seededRandom(SEED);
    emulator.faults.setRandom({ seed: SEED, probability: 0.1 });
    // Kills are spread over most of the calls, so that the last ones find much done and something still to do.
    const meanCalls = (DOCUMENTS * CALLS_PER_DOCUMENT * 0.8) / KILLS;
    let killed = 0;
    for (let kill = 1; kill <= KILLS; kill++) {
      const life = await stormy.run({ killAtRequest: 1 + Math.floor(random() * 2 * meanCalls) });
      if (life.signal === 'SIGKILL') killed++;
      else expect(life.code, life.stderr).toBe(0);
      expectNothingDoubled(stormy);
    }
    let last = await stormy.run();
    for (let resume = 1; last.code === 75 && resume <= MAX_RESUMES; resume++) last = await stormy.run();
    expect(last.code, last.stderr).toBe(0);

    expect(stormy.delivered()).toEqual(expected);
    expect(killed).toBeGreaterThanOrEqual(Math.ceil(KILLS / 2));
    expect(emulator.faults.hits).toBeGreaterThan(DOCUMENTS * CALLS_PER_DOCUMENT * 0.05);
    const results = emulator.list(stormy.folderId).filter(({ path }) => path.startsWith('OCR/'));
    expect(results.filter(({ properties }) => properties?.['ocrStatus'] !== 'done')).toEqual([]);
    expect.soft(await stormy.leftovers()).toEqual([]);
    expect(emulator.defects).toEqual([]);
    // A used refresh token is sent once more by whoever was killed before the next was kept.
    expect(emulator.checks({ ignore: ['used-refresh-token'] })).toEqual([]);
    console.info(
      `soak: ${killed} of ${KILLS} kills hit, ${emulator.faults.hits} faults in ${emulator.requests.count()} requests`,
    );
  });
});

function expectNothingDoubled(program: BoxProgram): void {
  const doubled = Object.entries(program.delivered()).filter(([, { versionCount }]) => versionCount !== 1);
  expect(doubled).toEqual([]);
}

/** A refresh token works once, without any grace: what a kill at the worst moment does to the login. */
describe('a login that is renewed while the program is killed', () => {
  let program: BoxProgram;
  beforeEach(async () => {
    program = await startBoxProgram({ refreshGraceMs: 0 });
    await seedScans(program.emulator, program.folderId, 3);
  });
  afterEach(() => program[Symbol.asyncDispose]());

  it('before Box has done its part: nothing is lost, and the next life goes on with the same login', async () => {
    for (let kill = 0; kill < 3; kill++) {
      program.emulator.expireAccessTokens();
      program.emulator.faults.add({ endpoint: 'token', effect: { kind: 'no-answer', how: 'close' } });
      const killed = await program.run({ killAt: { endpoint: 'token', when: 'before' } });
      expect(killed.signal, killed.stderr).toBe('SIGKILL');
    }
    const next = await program.run();
    expect(next.code, next.stderr).toBe(0);
    expect(Object.keys(program.delivered())).toHaveLength(6);
    expect(program.emulator.checks()).toEqual([]);
  });

  it('after Box has done its part: the next life says that the login is lost, and why; a new one goes on', async () => {
    program.emulator.expireAccessTokens();
    const killed = await program.run({ killAt: { endpoint: 'token', when: 'after' } });
    expect(killed.signal, killed.stderr).toBe('SIGKILL');

    const next = await program.run();
    expect(next.code, next.stderr).toBe(77);
    expect(next.stderr).toContain('Your Box login has ended. [BOX_LOGIN_ENDED]');
    expect(next.stderr).toContain('A run was stopped just while it renewed the login');
    expect(next.stderr).toContain('ocr-pipeline login box');
    // The one thing that could be tried was tried; once.
    expect(program.emulator.checks()).toEqual([{ check: 'used-refresh-token', detail: 'sent 1 times' }]);
    const again = await program.call(['login', 'box', '--check']);
    expect(again).toMatchObject({ code: 77, stdout: '' });
    expect(again.stderr).toContain('A run was stopped just while it renewed the login');
    expect(program.emulator.checks()).toEqual([{ check: 'used-refresh-token', detail: 'sent 1 times' }]);

    await program.logIn();
    const last = await program.run();
    expect(last.code, last.stderr).toBe(0);
    expect(Object.keys(program.delivered())).toHaveLength(6);
    expectNothingDoubled(program);
  });
});
