import { describe, expect, test } from 'vitest';
import { explainSkips, parseSkipLog, type SkipRecord } from './explain-skips.ts';

const TOOL: SkipRecord = { file: 'test/a.test.ts', reason: 'not installed: qpdf', excused: false };
const CORPUS: SkipRecord = { file: 'test/b.test.ts', reason: 'no corpus', excused: true };
const inA = { file: 'test/a.test.ts', name: 'one' };
const inB = { file: 'test/b.test.ts', name: 'two' };

describe('the explanation of skipped tests', () => {
  test('says nothing when nothing was skipped', () => {
    expect(explainSkips([], [TOOL], true)).toEqual({ lines: [], faults: 0 });
  });

  test('names each reason once, with the files and their counts', () => {
    const { lines } = explainSkips([inA, { ...inA, name: 'three' }, inB], [TOOL, TOOL, CORPUS], false);
    expect(lines).toEqual([
      '2 skipped: not installed: qpdf',
      '    2 in test/a.test.ts',
      '1 skipped: no corpus',
      '    1 in test/b.test.ts',
    ]);
  });

  test('a missing tool is a fault on a build server only', () => {
    expect(explainSkips([inA], [TOOL], false).faults).toBe(0);
    expect(explainSkips([inA], [TOOL], true).faults).toBe(1);
  });

  test('data that is not part of the project may be absent everywhere', () => {
    expect(explainSkips([inB], [CORPUS], true).faults).toBe(0);
  });

  test('a file that lacks a tool too is not excused by lacking the corpus', () => {
    expect(explainSkips([inB], [CORPUS, { ...TOOL, file: inB.file }], true).faults).toBe(1);
  });

  test('a skip without a reason is a fault everywhere', () => {
    expect(explainSkips([inA], [CORPUS], false).faults).toBe(1);
    expect(explainSkips([inA], [], false).lines[0]).toContain('no reason given');
  });

  test('what a test says itself goes before what its file lacks, and is no fault', () => {
    const { lines, faults } = explainSkips([{ ...inA, note: 'does not apply to this store' }], [TOOL], true);
    expect(lines[0]).toBe('1 skipped: does not apply to this store');
    expect(faults).toBe(0);
  });
});

describe('the skip log', () => {
  test('gives its records and leaves out what is none', () => {
    const text = `${JSON.stringify(TOOL)}\n{"file":3}\nnull\n${JSON.stringify(CORPUS)}\n{"file":"te`;
    expect(parseSkipLog(text)).toEqual([TOOL, CORPUS]);
  });
});
