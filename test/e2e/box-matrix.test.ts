import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EndpointName } from '../box-emulator/call.ts';
import { FAULTS, type NamedFault } from '../box-emulator/fault-catalogue.ts';
import type { CliResult } from '../cli/run-cli.ts';
import type { BoxProgram, Delivered } from '../support/box-program.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { SCENES, startScene, type BoxScene } from '../support/box-scenes.ts';

/**
 * `OCR_MATRIX=full`: every combination, and the faults that take a minute each; more than an hour of one core.
 * `OCR_MATRIX=2/8`: the second of eight parts of it.
 */
const MATRIX = process.env['OCR_MATRIX'] ?? 'sample';
const FULL = MATRIX !== 'sample';
const [PART = 1, PARTS = 1] = /^(\d+)\/(\d+)$/.exec(MATRIX)?.slice(1).map(Number) ?? [];
const COMBINATIONS = Number(process.env['OCR_MATRIX_COMBINATIONS'] ?? 24);
const SEED = Number(process.env['OCR_MATRIX_SEED'] ?? 11);
/** Combinations under way at once: each is mostly waiting. */
const AT_ONCE = Number(process.env['OCR_MATRIX_AT_ONCE'] ?? 2);
const WAITING_AT_ONCE = 6;
const MAX_RESUMES = 3;

interface Combination {
  readonly scene: BoxScene;
  readonly fault: NamedFault;
  readonly endpoint: EndpointName;
  readonly nth: number;
  readonly killAtRequest: number | undefined;
}

/** Every fault that ends in one of these ways, at every call of every scene. */
function combine(
  ends: readonly NamedFault['ends'][],
  lastNth: number,
  kill: (scene: BoxScene) => number | undefined,
): Combination[] {
  return SCENES.flatMap((scene) =>
    FAULTS.filter((fault) => ends.includes(fault.ends)).flatMap((fault) =>
      fault.endpoints
        .filter((endpoint) => scene.endpoints.includes(endpoint))
        .flatMap((endpoint) =>
          Array.from({ length: Math.min(lastNth, scene.lastNth) }, (_, index) => ({
            scene,
            fault,
            endpoint,
            nth: index + 1,
            killAtRequest: kill(scene),
          })),
        ),
    ),
  );
}

function sample<T>(all: readonly T[], count: number, random: () => number): T[] {
  return Array.from({ length: Math.min(count, all.length) }, () => all[Math.floor(random() * all.length)] as T);
}

const random = seededRandom(SEED);
const ALL = combine(['by-itself'], Infinity, ({ requests }) => 4 + Math.floor(random() * (requests - 4)));
const CHOSEN = FULL ? ofPart(ALL) : sample(ALL, COMBINATIONS, random);
/** Real minutes pass: one each, and killed by nobody. */
const SLOW = FULL ? ofPart(combine(['after-a-minute', 'by-timeout'], 1, () => undefined)) : [];

const titleOf = ({ scene, fault, endpoint, nth, killAtRequest }: Combination): string =>
  `${scene.name}: ${fault.name}, ${endpoint} ${nth}${killAtRequest === undefined ? '' : `, killed at request ${killAtRequest}`}`;

describe('a fault, a kill and a resume', () => {
  const expected = new Map<BoxScene, Delivered>();
  const tally = { hits: 0, kills: 0 };

  beforeAll(async () => {
    for (const scene of SCENES) {
      await using program = await startScene(scene);
      const { code, stderr } = await program.run();
      expect(code, stderr).toBe(0);
      expected.set(scene, program.delivered());
      expect(Object.keys(program.delivered())).toHaveLength(scene.outputs);
    }
  });

  async function live({ scene, fault, endpoint, nth, killAtRequest }: Combination): Promise<Outcome> {
    await using program = await startScene(scene);
    const { emulator } = program;
    // So that every life renews the login, too.
    emulator.expireAccessTokens();
    const before = emulator.faults.add({ endpoint, nth, effect: fault.effect });
    const first = await program.run(killAtRequest === undefined ? {} : { killAtRequest });
    before.remove();
    tally.hits += before.hits;
    if (first.signal === 'SIGKILL') tally.kills++;
    else if (first.code !== 0) return outcomeOf(program, first);
    if (killAtRequest === undefined) return outcomeOf(program, first);
    // Once more in the life that goes on, so that both a first and a resumed run meet it.
    emulator.expireAccessTokens();
    const after = emulator.faults.add({ endpoint, nth, effect: fault.effect });
    let last = await program.run();
    for (let resume = 1; last.code === 75 && resume <= MAX_RESUMES; resume++) last = await program.run();
    tally.hits += after.hits;
    return outcomeOf(program, last);
  }

  /** Lives through combinations one after the other. Gives what went otherwise than it must. */
  async function liveAll(combinations: readonly Combination[]): Promise<unknown[]> {
    const wrong: unknown[] = [];
    for (const each of combinations) {
      const whole: Outcome = {
        code: 0,
        said: '',
        delivered: expected.get(each.scene) ?? {},
        leftovers: [],
        findings: [],
        defects: [],
      };
      const outcome = await live(each);
      if (!isDeepStrictEqual(outcome, whole)) wrong.push({ combination: titleOf(each), ...outcome });
    }
    return wrong;
  }

  describe.concurrent('ends complete and unique', () => {
    it.each(deal(CHOSEN, AT_ONCE))('batch %#', async (...batch) => {
      expect(await liveAll(batch)).toEqual([]);
    });
    it.runIf(SLOW.length > 0).each(deal(SLOW, WAITING_AT_ONCE))(
      'batch %# of those that take a minute each',
      async (...batch) => {
        expect(await liveAll(batch)).toEqual([]);
      },
    );
  });

  afterAll(() => {
    console.info(
      `matrix: ${CHOSEN.length} of ${ALL.length} combinations and ${SLOW.length} slow ones, ${tally.kills} kills, ${tally.hits} faults met`,
    );
    // Not every nth call exists, and some lives end before their kill; most must.
    expect(tally.hits).toBeGreaterThanOrEqual(CHOSEN.length / 2);
    expect(tally.kills).toBeGreaterThanOrEqual(CHOSEN.length / 2);
  });
});

/** All that must be right after any combination. */
interface Outcome {
  readonly code: number | null;
  /** What the last life said where it did not end well. */
  readonly said: string;
  readonly delivered: Delivered;
  readonly leftovers: readonly string[];
  readonly findings: readonly unknown[];
  readonly defects: readonly unknown[];
}

async function outcomeOf(program: BoxProgram, { code, stderr }: CliResult): Promise<Outcome> {
  const { emulator } = program;
  // A killed program gives up no session, nor does one that never heard of it: Box forgets both after a week.
  const findings = emulator.checks({ ignore: ['used-refresh-token', 'open-upload-session'] });
  return {
    code,
    said: code === 0 ? '' : stderr,
    delivered: program.delivered(),
    leftovers: await program.leftovers(),
    findings,
    defects: emulator.defects,
  };
}

/** Spread over the parts, so that each has some of every fault. */
function ofPart<T>(all: readonly T[]): T[] {
  return all.filter((_each, index) => index % PARTS === PART - 1);
}

/** Dealt in turn into so many hands. */
function deal<T>(all: readonly T[], count: number): T[][] {
  return Array.from({ length: count }, (_, hand) => all.filter((_each, index) => index % count === hand)).filter(
    (hand) => hand.length > 0,
  );
}
