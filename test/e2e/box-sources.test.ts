import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startBoxProgram, type BoxProgram } from '../support/box-program.ts';
import { makeScan } from './make-scan.ts';
import { pagesRead } from './run-support.ts';

/** The world changes when the run asks for the bytes of a document it has listed. */
describe('a source that changes while the run is on', () => {
  let program: BoxProgram;
  let moving: string;
  beforeEach(async () => {
    program = await startBoxProgram();
    await program.emulator.seedFile('still.pdf', makeScan(1, 1), { parentId: program.folderId });
    moving = (await program.emulator.seedFile('moving.pdf', makeScan(1, 2), { parentId: program.folderId })).id;
  });
  afterEach(async () => {
    expect(program.emulator.defects).toEqual([]);
    expect(program.emulator.checks()).toEqual([]);
    await program[Symbol.asyncDispose]();
  });

  const runFolder = async (): Promise<string> => {
    const runs = join(program.home, 'ocr-runs');
    const [name] = (await readdir(runs, { withFileTypes: true })).filter((entry) => entry.isDirectory());
    return join(runs, name?.name ?? '');
  };
  const report = async (): Promise<string> => readFile(join(await runFolder(), 'report.html'), 'utf8');
  /** What is said of the documents, without the breaks of the lines. */
  const onOneLine = (text: string): string => text.replaceAll(/\s+/g, ' ');
  const whenAsked = (act: (id: string) => void | Promise<void>): void =>
    void program.emulator.faults.add({
      endpoint: 'content',
      where: ({ path }) => path.includes(moving),
      effect: { kind: 'act', act: () => act(moving) },
    });

  it.each([
    ['deleted', (id: string) => program.emulator.removeItem(id), 'it was deleted, moved away or unshared'],
    ['put into the trash', (id: string) => program.emulator.trashItem(id), 'it is in the trash'],
  ])('%s: it is named as gone, the others are done, and the next run no longer lists it', async (_how, act, word) => {
    whenAsked(act);
    const first = await program.run();
    expect(first.code, first.stderr).toBe(65);
    const words = `moving.pdf is no longer in Box: ${word}. [SOURCE_GONE]`;
    expect(onOneLine(first.stdout)).toContain(words);
    expect(await report()).toContain(words.replace(' [', ' <code>['));
    expect(Object.keys(program.delivered())).toEqual(['OCR/still.pdf', 'OCR/still.txt']);
    const second = await program.run();
    expect(second.code, second.stderr).toBe(0);
    expect(second.stdout).toContain('2 found: 1 complete, 1 left out');
    expect(await program.leftovers()).toEqual([]);
  });

  it('renamed: it is delivered as it was listed, then under its new name without its pages being read again', async () => {
    whenAsked((id) => program.emulator.renameItem(id, 'renamed.pdf'));
    const first = await program.run();
    expect(first.code, first.stderr).toBe(0);
    expect(Object.keys(program.delivered())).toContain('OCR/moving.txt');
    expect(onOneLine(first.stdout)).toContain(
      'Changed moving.pdf is called renamed.pdf by now; the results have the old name',
    );
    expect(await report()).toContain('is called renamed.pdf by now');
    const second = await program.run();
    expect(second.code, second.stderr).toBe(0);
    expect(second.stdout).not.toContain('Changed');
    expect(await report()).not.toContain('Changed meanwhile');
    expect(Object.keys(program.delivered())).toEqual(expect.arrayContaining(['OCR/renamed.pdf', 'OCR/renamed.txt']));
    expect(await pagesRead(await runFolder())).toHaveLength(2);
    expect(Object.values(program.delivered()).every(({ versionCount }) => versionCount === 1)).toBe(true);
  });

  it('moved elsewhere in Box: what was listed is delivered, and the next run no longer lists it', async () => {
    const elsewhere = program.emulator.seedFolder('Elsewhere').id;
    whenAsked((id) => program.emulator.moveItem(id, elsewhere));
    const first = await program.run();
    expect(first.code, first.stderr).toBe(0);
    expect(Object.keys(program.delivered())).toContain('OCR/moving.txt');
    expect(onOneLine(first.stdout)).toContain('Changed moving.pdf was deleted or moved away meanwhile');
    const second = await program.run();
    expect(second.code, second.stderr).toBe(0);
    expect(second.stdout).toContain('2 found: 1 complete, 1 left out');
  });

  it('given a new version: the listed version is never mixed with it, and the next run reads the new one', async () => {
    const bytes = makeScan(2, 3);
    whenAsked((id) => program.emulator.addVersion(id, bytes));
    const first = await program.run();
    expect(first.code, first.stderr).toBe(0);
    expect(onOneLine(first.stdout)).toContain(
      'Changed moving.pdf has a newer version by now; the results are of the one before',
    );
    expect(onOneLine(first.stdout)).toContain('Next the same command again takes in what has changed, and only that');
    expect(await report()).toContain('has a newer version by now');
    const before = program.delivered()['OCR/moving.txt'];
    expect(before?.versionCount).toBe(1);
    const second = await program.run();
    expect(second.code, second.stderr).toBe(0);
    const text = program.emulator.list(program.folderId).find(({ path }) => path === 'OCR/moving.txt');
    expect((await program.emulator.read(text?.id ?? '')).toString('utf8').split('\f')).toHaveLength(2);
    // The result of the older version stays as the older version of the result.
    expect(text?.versionCount).toBe(2);
    expect(text?.sha1).not.toBe(before?.sha1);
    expect(text?.properties?.['sourceSha1']).toBe(
      program.emulator.list(program.folderId).find(({ id }) => id === moving)?.sha1,
    );
    const third = await program.run();
    expect(third.code, third.stderr).toBe(0);
    expect(program.emulator.list(program.folderId).find(({ path }) => path === 'OCR/moving.txt')).toEqual(text);
  });

  it('joined by others: they are counted, and the next run reads them', async () => {
    whenAsked(() => void program.emulator.seedFile('late.pdf', makeScan(1, 9), { parentId: program.folderId }));
    const first = await program.run();
    expect(first.code, first.stderr).toBe(0);
    expect(onOneLine(first.stdout)).toContain('New 1 PDF came into the folder meanwhile; the next run reads it');
    const second = await program.run();
    expect(second.code, second.stderr).toBe(0);
    expect(Object.keys(program.delivered())).toContain('OCR/late.pdf');
  });
});
