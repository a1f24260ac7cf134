import { describe, expect, it } from 'vitest';
import { wordsOf } from '../../src/core/page.ts';
import { layOutText, type TextRun } from '../../src/renderers/lay-out-text.ts';
import { frameAt } from '../../src/renderers/page-frame.ts';

const PLACE = { box: [0, 0, 200, 300], rotateDeg: 0, userUnit: 1 } as const;
const STYLES = {
  f: { ascent: 0.8, descent: -0.2, vertical: false },
  v: { ascent: 0.9, descent: -0.1, vertical: true },
};

/** A run of ten-point text, five points a letter unless told. */
function run(str: string, x: number, y: number, change: Partial<TextRun> = {}): TextRun {
  return {
    str,
    dir: 'ltr',
    transform: [10, 0, 0, 10, x, y],
    width: str.length * 5,
    height: 10,
    fontName: 'f',
    hasEOL: false,
    ...change,
  };
}

function layOut(runs: readonly TextRun[], rotateDeg: 0 | 90 = 0): ReturnType<typeof layOutText> {
  return layOutText(runs, STYLES, frameAt({ ...PLACE, rotateDeg }, 72));
}

function lines(runs: readonly TextRun[]): string[] {
  return layOut(runs).flatMap((block) =>
    block.paragraphs.flatMap((paragraph) =>
      paragraph.lines.map((line) => line.words.map((word) => word.text).join('_')),
    ),
  );
}

function round(box: readonly number[] | undefined): number[] {
  return (box ?? []).map((value) => Math.round(value * 100) / 100);
}

describe('layOutText', () => {
  it('splits runs at spaces and places words in proportion', () => {
    const words = [...wordsOf({ blocks: layOut([run('one  two', 20, 100)]) })];
    expect(words.map((word) => word.text)).toEqual(['one', 'two']);
    expect(words.map((word) => round(word.box))).toEqual([
      [20, 192, 35, 202],
      [45, 192, 60, 202],
    ]);
  });

  it('joins runs that touch, and keeps apart those that a space or a gap parts', () => {
    expect(lines([run('wo', 0, 0), run('rd', 10, 0), run(' ', 20, 0), run('next', 25, 0)])).toEqual(['word_next']);
    expect(lines([run('wo ', 0, 0), run('rd', 15, 0)])).toEqual(['wo_rd']);
    expect(lines([run('left', 0, 0), run('right', 100, 0)])).toEqual(['left_right']);
  });

  it('starts a line where the baseline changes or pdf.js says so, not for a raised note mark', () => {
    expect(lines([run('a', 0, 100), run('b', 0, 80)])).toEqual(['a', 'b']);
    expect(lines([run('a', 0, 100, { hasEOL: true }), run('b', 50, 100)])).toEqual(['a', 'b']);
    expect(lines([run('a', 0, 100), run('1', 5, 104, { transform: [6, 0, 0, 6, 5, 104] })])).toEqual(['a1']);
  });

  it('puts lines that follow closely in one block, and a far one in another', () => {
    const blocks = layOut([run('a line', 0, 200), run('a line', 0, 188), run('far off', 0, 100)]);
    expect(blocks.map((block) => block.paragraphs[0]?.lines.length)).toEqual([2, 1]);
    expect(round(blocks[0]?.box)).toEqual([0, 92, 30, 114]);
  });

  it('gives the baseline as hOCR has it', () => {
    const [block] = layOut([run('level', 0, 100)]);
    expect(block?.paragraphs[0]?.lines[0]?.baseline?.map((value) => Math.round(value * 100) / 100)).toEqual([0, -2]);
  });

  it('follows text that is turned, and pages that are', () => {
    const upwards = { transform: [0, 10, -10, 0, 50, 100] };
    const [word] = [...wordsOf({ blocks: layOut([run('up', 0, 0, upwards)]) })];
    expect(round(word?.box)).toEqual([42, 190, 52, 200]);
    const [turned] = [...wordsOf({ blocks: layOut([run('up', 50, 100)], 90) })];
    // A quarter turn clockwise: what was up is right.
    expect(round(turned?.box)).toEqual([98, 50, 108, 60]);
  });

  it('places words of right-to-left runs from the right', () => {
    const blocks = layOut([run('אב גד', 0, 100, { dir: 'rtl' })]);
    const words = [...wordsOf({ blocks })];
    expect(words.map((word) => [word.text, ...round(word.box)])).toEqual([
      ['אב', 15, 192, 25, 202],
      ['גד', 0, 192, 10, 202],
    ]);
    expect(blocks[0]?.paragraphs[0]?.direction).toBe('rtl');
  });

  it('runs vertical writing downwards', () => {
    const [word] = [...wordsOf({ blocks: layOut([run('縦書', 50, 100, { fontName: 'v', width: 0, height: 20 })]) })];
    expect(round(word?.box)).toEqual([45, 200, 55, 220]);
  });

  it('survives runs without size or with numbers that are none', () => {
    const blocks = layOut([
      run('x', 0, 0, { transform: [0, 0, 0, 0, 0, 0], width: 0 }),
      run('y', 0, 0, { transform: [NaN, 0, 0, 1, 5, 5] }),
    ]);
    for (const word of wordsOf({ blocks })) expect(word.box.every(Number.isFinite)).toBe(true);
  });
});
