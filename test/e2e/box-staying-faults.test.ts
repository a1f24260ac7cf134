import { describe, expect, it } from 'vitest';
import type { BoxEmulator } from '../box-emulator/box-emulator.ts';
import type { EndpointName } from '../box-emulator/call.ts';
import { faultNamed } from '../box-emulator/fault-catalogue.ts';
import { seedScans, startBoxProgram, type BoxProgram } from '../support/box-program.ts';

const DOCUMENTS = 3;

interface Staying {
  readonly fault: string;
  readonly endpoint: EndpointName;
  readonly nth: number;
  readonly code: number;
  readonly word: string;
  /** What a person does about it; absent: nothing needs to be done. */
  readonly mend?: ((program: BoxProgram) => void | Promise<void>) | undefined;
}

const logIn = (program: BoxProgram): Promise<void> => program.logIn();
const share = ({ emulator }: BoxProgram): void => emulator.setRole('0', 'owner');
const makeRoom = ({ emulator }: BoxProgram): void => emulator.setStorageLimit(Infinity);

/** Faults that do not pass by themselves, where a run meets them, and how it must end. */
const CASES: readonly Staying[] = [
  { fault: 'login revoked', endpoint: 'folder-items', nth: 1, code: 77, word: 'BOX_LOGIN_ENDED', mend: logIn },
  { fault: 'login revoked', endpoint: 'content', nth: 2, code: 77, word: 'BOX_LOGIN_ENDED', mend: logIn },
  { fault: 'login revoked', endpoint: 'upload', nth: 3, code: 77, word: 'BOX_LOGIN_ENDED', mend: logIn },
  { fault: 'login revoked', endpoint: 'metadata-create', nth: 2, code: 77, word: 'BOX_LOGIN_ENDED', mend: logIn },
  { fault: 'storage full', endpoint: 'preflight', nth: 1, code: 74, word: 'BOX_STORAGE_FULL', mend: makeRoom },
  { fault: 'storage full', endpoint: 'upload', nth: 2, code: 74, word: 'BOX_STORAGE_FULL', mend: makeRoom },
  {
    fault: 'permission revoked',
    endpoint: 'folder-items',
    nth: 1,
    code: 77,
    word: 'BOX_FOLDER_NOT_FOUND',
    mend: share,
  },
  { fault: 'permission revoked', endpoint: 'content', nth: 1, code: 77, word: 'BOX_FOLDER_NOT_FOUND', mend: share },
  {
    fault: 'permission reduced to viewer',
    endpoint: 'folder-create',
    nth: 1,
    code: 77,
    word: 'BOX_NO_WRITE',
    mend: share,
  },
  { fault: 'permission reduced to viewer', endpoint: 'upload', nth: 2, code: 77, word: 'BOX_NO_WRITE', mend: share },
  { fault: 'forbidden by policy', endpoint: 'content', nth: 2, code: 65, word: 'BOX_NO_READ' },
  { fault: 'source deleted', endpoint: 'content', nth: 2, code: 65, word: 'SOURCE_GONE', mend: seedAgain },
  { fault: 'source trashed', endpoint: 'download', nth: 2, code: 0, word: 'Changed', mend: seedAgain },
];

async function seedAgain({ emulator, folderId }: BoxProgram): Promise<void> {
  const there = new Set(emulator.list(folderId).map(({ path }) => path));
  const other = await startBoxProgram();
  try {
    await seedScans(other.emulator, other.folderId, DOCUMENTS);
    for (const { id, path } of other.emulator.list(other.folderId)) {
      if (!there.has(path)) await emulator.seedFile(path, await other.emulator.read(id), { parentId: folderId });
    }
  } finally {
    await other[Symbol.asyncDispose]();
  }
}

describe('a fault that stays', () => {
  it.each(CASES)(
    '$fault at $endpoint $nth: ends with $code and says $word; once it is mended the same command completes all',
    async (each) => {
      const { fault, endpoint, nth, code, word, mend } = each;
      await using program = await startBoxProgram();
      const { emulator, folderId } = program;
      await seedScans(emulator, folderId, DOCUMENTS);
      const armed = emulator.faults.add({ endpoint, nth, effect: faultNamed(fault).effect });
      const first = await program.run();
      expect(armed.hits).toBe(1);
      expect(first.code, first.stderr + first.stdout).toBe(code);
      expect(first.stderr + first.stdout).toContain(word);
      expectWholeOnly(program, emulator);

      armed.remove();
      await mend?.(program);
      const second = await program.run();
      expect(second.code, second.stderr + second.stdout).toBe(0);
      expect(Object.keys(program.delivered())).toHaveLength(2 * DOCUMENTS);
      expectWholeOnly(program, emulator);
      expect(await program.leftovers()).toEqual([]);
      expect(emulator.defects).toEqual([]);
      expect(emulator.checks({ ignore: ['used-refresh-token'] })).toEqual([]);
    },
  );
});

/** Nothing in Box is doubled, and every result says what it is. */
function expectWholeOnly(program: BoxProgram, emulator: BoxEmulator): void {
  const results = emulator.list(program.folderId).filter(({ path }) => path.startsWith('OCR/'));
  expect(results.filter(({ versionCount }) => versionCount !== 1)).toEqual([]);
}
