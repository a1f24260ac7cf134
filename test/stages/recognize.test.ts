import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { apply } from '../../src/core/geometry.ts';
import { wordsOf, type Block, type PageImage, type Word } from '../../src/core/page.ts';
import { straightenImage } from '../../src/preparation/rotate-image.ts';
import { turnImage } from '../../src/preparation/turn-image.ts';
import { openEngine } from '../../src/engines/find-engines.ts';
import type { OcrEngine, RecognizeOptions } from '../../src/engines/ocr-engine.ts';
import { recognize, type ReadPage } from '../../src/stages/recognize.ts';
import { blankPage, drawTextPage, repaint, STORY, toBits } from '../engines/text-page.ts';
import { requireLanguages } from '../support/requires.ts';
import { HANG_MS } from '../support/hang.ts';

const SETTINGS = { dpi: 300, language: 'eng' };
const page = await drawTextPage({ lines: STORY });

function blockOf(words: readonly Pick<Word, 'text' | 'confidence'>[]): Block[] {
  const box = [0, 0, 10, 10] as const;
  const lines = [{ box, words: words.map((word) => ({ ...word, box })) }];
  return [{ box, paragraphs: [{ box, direction: 'ltr', lines }] }];
}

/** An engine that answers as told, one answer a call (the last one again and again), and keeps what it was given. */
class ToldEngine implements OcrEngine {
  readonly identity = { name: 'told', version: '1', models: {} };
  readonly calls: { image: PageImage; options: RecognizeOptions }[] = [];
  readonly #answers: readonly (readonly Pick<Word, 'text' | 'confidence'>[])[];

  constructor(...answers: readonly (readonly Pick<Word, 'text' | 'confidence'>[])[]) {
    this.#answers = answers;
  }

  recognize(image: PageImage, options: RecognizeOptions): ReturnType<OcrEngine['recognize']> {
    const answer = this.#answers[Math.min(this.calls.length, this.#answers.length - 1)] ?? [];
    this.calls.push({ image, options });
    return Promise.resolve({ blocks: blockOf(answer) });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

const GOOD = [{ text: 'lighthouse', confidence: 95 }];
const BAD = [{ text: 'ǝsnoɥ', confidence: 30 }];

function read(image: PageImage, engine: OcrEngine, language = 'eng'): Promise<ReadPage> {
  return recognize(image, engine, { ...SETTINGS, language }, AbortSignal.timeout(HANG_MS));
}

function textOf({ blocks }: Pick<ReadPage, 'blocks'>): string {
  return [...wordsOf({ blocks })].map(({ text }) => text).join(' ');
}

describe('reading a page', () => {
  test('an ordinary page costs one call and reaches the engine bit for bit', async () => {
    for (const image of [page, toBits(page)]) {
      const engine = new ToldEngine(GOOD);
      const result = await read(image, engine);
      expect(engine.calls).toHaveLength(1);
      expect(engine.calls[0]?.image.data).toBe(image.data);
      expect(engine.calls[0]?.options).toEqual({ pageSegMode: 3, mayBeInverted: false });
      const { widthPx, heightPx } = image;
      expect(result).toMatchObject({ state: 'done', confidence: 95 });
      expect(result.frame).toEqual({ widthPx, heightPx, toImage: [1, 0, 0, 1, 0, 0], turnedDeg: 0, skewDeg: 0 });
    }
  });

  test('colours come to the engine as grey', async () => {
    const engine = new ToldEngine(GOOD);
    const rgb = new Uint8Array(page.data.length * 3);
    for (const [at, light] of page.data.entries()) rgb.fill(light, at * 3, at * 3 + 3);
    await read({ ...page, bitsPerPixel: 24, data: rgb }, engine);
    expect(engine.calls[0]?.image.bitsPerPixel).toBe(8);
    expect(Buffer.compare(engine.calls[0]?.image.data ?? rgb, page.data)).toBe(0);
  });

  test('a blank page costs no call', async () => {
    const engine = new ToldEngine(GOOD);
    expect(await read(blankPage(), engine)).toMatchObject({ state: 'blank', blocks: [] });
    expect(engine.calls).toHaveLength(0);
  });

  test('a page on which only dirt is read is blank', async () => {
    const dirt = [
      { text: '|', confidence: 88 },
      { text: 'i.', confidence: 31 },
      { text: '°', confidence: 60 },
    ];
    const dirty = await drawTextPage({ lines: ['., |', '', '', '  i.'] });
    expect(await read(dirty, new ToldEngine(dirt))).toMatchObject({ state: 'blank', blocks: [] });
    expect(await read(dirty, new ToldEngine([]))).toMatchObject({ state: 'blank', blocks: [] });
  });

  test('a page full of marks of which nothing could be read is not called blank', async () => {
    expect(await read(page, new ToldEngine([]))).toMatchObject({ state: 'done', blocks: [] });
    expect(await read(page, new ToldEngine([{ text: 'i.', confidence: 31 }]))).toMatchObject({
      state: 'done',
      confidence: 31,
    });
  });

  test('a page with nothing but its number is not blank', async () => {
    const image = await drawTextPage({ lines: ['12'] });
    expect(textOf(await read(image, new ToldEngine([{ text: '12', confidence: 91 }])))).toBe('12');
  });

  test('words without text are dropped, and text is in its composed form', async () => {
    const words = [
      { text: ' ', confidence: 95 },
      { text: 'Ba\u0308nde', confidence: 90 },
      { text: '', confidence: 95 },
    ];
    const result = await read(page, new ToldEngine(words));
    expect([...wordsOf(result)].map(({ text }) => text)).toEqual(['B\u00e4nde']);
    expect(result.confidence).toBe(90);
  });

  test('scans of low resolution are enlarged, very fine ones reduced, and boxes find their way back', async () => {
    for (const [dpi, least, most] of [
      [100, 2.2, 3],
      [150, 1.5, 2],
      [200, 1.3, 1.5],
      [300, 1, 1],
      [400, 1, 1],
      [600, 0.5, 0.5],
      [1200, 0.25, 0.25],
    ] as const) {
      const image = await drawTextPage({ lines: STORY, dpi });
      const engine = new ToldEngine(GOOD);
      const { frame } = await read(image, engine);
      const factor = (frame?.widthPx ?? 0) / image.widthPx;
      expect(factor).toBeGreaterThan(least - 0.01);
      expect(factor).toBeLessThan(most + 0.01);
      expect(engine.calls[0]?.image.dpi).toBeCloseTo(dpi * factor, 0);
      const [x, y] = apply(frame?.toImage ?? [0, 0, 0, 0, 0, 0], frame?.widthPx ?? 0, frame?.heightPx ?? 0);
      expect(Math.abs(x - image.widthPx)).toBeLessThan(4);
      expect(Math.abs(y - image.heightPx)).toBeLessThan(4);
    }
  });

  test('a resolution that cannot be true does not blow the page up', async () => {
    const engine = new ToldEngine(GOOD);
    await read({ ...page, dpi: 72 }, engine);
    await read({ ...page, dpi: 1 }, engine);
    for (const { image } of engine.calls) expect(image.widthPx).toBeLessThan(page.widthPx * 1.3);
  });
});

describe('a reading that looks wrong', () => {
  test('is tried the other way up, and the better one is kept', async () => {
    // The shapes say "upright" clearly, so that only a very doubtful reading is checked.
    const engine = new ToldEngine(BAD, GOOD);
    const result = await read(page, engine);
    expect(engine.calls).toHaveLength(2);
    expect(result.frame?.turnedDeg).toBe(180);
    expect(textOf(result)).toBe('lighthouse');
  });

  test('is kept where no other is better', async () => {
    const engine = new ToldEngine([{ text: 'faint', confidence: 40 }], BAD);
    const result = await read(page, engine);
    expect(engine.calls).toHaveLength(2);
    expect(result).toMatchObject({ confidence: 40, frame: { turnedDeg: 0 } });
  });

  test('is not tried again where it is merely faint', async () => {
    const engine = new ToldEngine([{ text: 'faint', confidence: 55 }]);
    await read(page, engine);
    expect(engine.calls).toHaveLength(1);
  });

  test('is tried all ways where the shapes say nothing', async () => {
    const image = await drawTextPage({ lines: ['Errata', 'p. 4'] });
    const engine = new ToldEngine(BAD, BAD, BAD, GOOD);
    const result = await read(image, engine);
    expect(engine.calls).toHaveLength(4);
    expect(result.frame?.turnedDeg).toBe(270);
    const sure = new ToldEngine(BAD, GOOD, BAD);
    await read(image, sure);
    expect(sure.calls).toHaveLength(2);
  });

  test('is tried as sparse text where nothing was found', async () => {
    const engine = new ToldEngine([], [], GOOD);
    const result = await read(page, engine);
    expect(engine.calls.at(-1)?.options.pageSegMode).toBe(11);
    expect(textOf(result)).toBe('lighthouse');
  });

  test('of letters that are not Latin is turned only by what is read', async () => {
    const engine = new ToldEngine(BAD, GOOD);
    const result = await read(turnImage(page, 180), engine, 'rus');
    expect(engine.calls).toHaveLength(2);
    expect(result.frame?.turnedDeg).toBe(180);
  });
});

const native = requireLanguages(['eng']);

describe.skipIf(native.skip)('with native Tesseract', () => {
  let engine: OcrEngine;
  beforeAll(async () => {
    engine = await openEngine('tesseract', 'eng');
  });
  afterAll(async () => {
    await engine.close();
  });

  /** Where the middle of a word lies on the page image. */
  function placeOf(result: ReadPage, text: string): [number, number] {
    const word = [...wordsOf(result)].find((each) => each.text === text);
    if (!word || !result.frame) return [Number.NaN, Number.NaN];
    return apply(result.frame.toImage, (word.box[0] + word.box[2]) / 2, (word.box[1] + word.box[3]) / 2);
  }

  test.each([
    ['turned by 90 degrees', 90, 0],
    ['on its head', 180, 0],
    ['turned by 270 degrees', 270, 0],
    ['with lines that fall', 0, 4],
    ['with lines that rise, on its side', 270, -7],
  ] as const)('a page %s is read upright, word for word, in its place', async (_what, turnDeg, skewDeg) => {
    const upright = await read(page, engine);
    const skewed = straightenImage(page, -skewDeg);
    const lying = turnImage(skewed, turnDeg);
    const result = await read(lying, engine);
    expect(textOf(result)).toBe(STORY.join(' '));
    expect(textOf(upright)).toBe(STORY.join(' '));
    expect(result.frame?.turnedDeg).toBe((360 - turnDeg) % 360);
    // A word far from the middle must come to lie where the same word is drawn.
    const [x, y] = placeOf(upright, 'northern');
    const back = apply(lying.toPoints, ...placeOf(result, 'northern'));
    const drawn = apply(page.toPoints, x, y);
    expect(Math.hypot(back[0] - drawn[0], back[1] - drawn[1])).toBeLessThan(2);
  });

  test('light letters on a dark bar are read with the rest', async () => {
    const heading = await drawTextPage({ lines: ['THE LIGHTHOUSE', '', '', ...STORY.slice(0, 5)], sizePt: 12 });
    const bar = repaint(heading, (light, _x, y) => (y > 180 && y < 290 ? 255 - light : light));
    const text = textOf(await read(bar, engine));
    expect(text).toContain('LIGHTHOUSE');
    expect(text).toContain('until the last of her lanterns');
  });

  test.each([60, 100, 600])('a scan of %d dots an inch is read', async (dpi) => {
    const image = await drawTextPage({ lines: STORY, dpi, sizePt: dpi < 100 ? 14 : 11, widthPt: 520, heightPt: 360 });
    const words = new Set(textOf(await read(image, engine)).split(' '));
    const wanted = STORY.join(' ').split(' ');
    expect(wanted.filter((word) => words.has(word)).length / wanted.length).toBeGreaterThan(dpi < 100 ? 0.8 : 0.98);
  });

  test('one short line, and a page number alone', async () => {
    expect(textOf(await read(await drawTextPage({ lines: ['Errata.'] }), engine))).toBe('Errata.');
    expect(textOf(await read(await drawTextPage({ lines: ['- 127 -'] }), engine))).toContain('127');
  });
});
