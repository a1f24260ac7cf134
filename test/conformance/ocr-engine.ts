import { describe, expect, it } from 'vitest';
import { PageError, PipelineError } from '../../src/core/errors.ts';
import { wordsOf, type PageImage, type RecognizedPage } from '../../src/core/page.ts';
import type { OcrEngine, RecognizeOptions } from '../../src/engines/ocr-engine.ts';

/** A page and a word that any engine that can read finds on it. */
export interface SamplePage {
  readonly image: PageImage;
  readonly word: string;
}

/** An engine and the means to break what it stands on. */
export interface EngineHarness {
  readonly engine: OcrEngine;
  /** Three pages that differ. */
  readonly pages: readonly [SamplePage, SamplePage, SamplePage];
  /** Another engine of the same kind, with nothing read before; the harness closes it. */
  another(): Promise<OcrEngine>;
  /** From now on the engine's program or thread crashes (or never ends) when it is given a page; `work` ends that. */
  set(behaviour: 'crash' | 'hang' | 'work'): Promise<void>;
  close(): Promise<void>;
}

/** What sets engines apart: one may make its answers up, and one may have nothing beneath it that can break. */
export interface EngineKind {
  readonly reads: boolean;
  readonly breaks: boolean;
}

/** One promise of the interface. `run` throws where the engine does not keep it. */
export interface EngineCase {
  readonly name: string;
  /** The case is only for engines of which this is true. */
  readonly only?: keyof EngineKind;
  run(harness: EngineHarness): Promise<void>;
}

const OPTIONS: RecognizeOptions = { pageSegMode: 3, mayBeInverted: false };
/** Long enough for any page here on a busy machine; an engine that takes longer is taken to hang. */
const PATIENCE_MS = 30_000;

function read(
  engine: OcrEngine,
  { image }: Pick<SamplePage, 'image'>,
  signal = new AbortController().signal,
): Promise<RecognizedPage> {
  return bounded(engine.recognize(image, OPTIONS, signal));
}

async function bounded<T>(promise: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error('it does not settle')), PATIENCE_MS);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Error && error.message === 'it does not settle') throw error;
    return error;
  }
  throw new Error('it was accepted');
}

/** A page with a tenth of its pixels. */
function cut({ image }: SamplePage): Pick<SamplePage, 'image'> {
  return { image: { ...image, data: image.data.subarray(0, Math.floor(image.data.length / 10)) } };
}

const READING: readonly EngineCase[] = [
  {
    name: 'says what it is: name, version, and the digest of each model',
    async run({ engine: { identity } }) {
      expect(identity.name).not.toBe('');
      expect(identity.version).not.toBe('');
      const digests = Object.values(identity.models);
      expect(digests.length).toBeGreaterThan(0);
      for (const digest of digests) expect(digest).toMatch(/^[\da-f]{64}$/);
    },
  },
  {
    name: 'finds the words, each inside the page and with a confidence',
    async run({ engine, pages }) {
      for (const page of pages) {
        const words = [...wordsOf(await read(engine, page))];
        expect(words.length).toBeGreaterThan(0);
        for (const { text, box, confidence } of words) {
          expect(text.trim()).toBe(text);
          expect(text).not.toBe('');
          expect(box[0]).toBeGreaterThanOrEqual(0);
          expect(box[1]).toBeGreaterThanOrEqual(0);
          expect(box[2]).toBeGreaterThan(box[0]);
          expect(box[3]).toBeGreaterThan(box[1]);
          expect(box[2]).toBeLessThanOrEqual(page.image.widthPx);
          expect(box[3]).toBeLessThanOrEqual(page.image.heightPx);
          expect(confidence).toBeGreaterThanOrEqual(0);
          expect(confidence).toBeLessThanOrEqual(100);
        }
      }
    },
  },
  {
    name: 'reads what is on the page',
    only: 'reads',
    async run({ engine, pages }) {
      for (const page of pages) {
        const texts = [...wordsOf(await read(engine, page))].map(({ text }) => text);
        expect(texts).toContain(page.word);
      }
    },
  },
  {
    name: 'gives the same answer in any order, and whatever was read before',
    async run({ engine, pages, another }) {
      const forwards = [];
      for (const page of pages) forwards.push(await read(engine, page));
      const other = await another();
      const backwards = [];
      for (const page of pages.toReversed()) backwards.push(await read(other, page));
      expect(backwards.toReversed()).toEqual(forwards);
      expect(await read(engine, pages[0])).toEqual(forwards[0]);
    },
  },
  {
    name: 'tells pages apart',
    async run({ engine, pages }) {
      const texts = new Set<string>();
      for (const page of pages) texts.add([...wordsOf(await read(engine, page))].map(({ text }) => text).join(' '));
      expect(texts.size).toBe(pages.length);
    },
  },
  {
    name: 'leaves the image as it was',
    async run({ engine, pages }) {
      const { image } = pages[0];
      const before = Uint8Array.from(image.data);
      await read(engine, pages[0]);
      expect(Buffer.compare(before, image.data)).toBe(0);
    },
  },
  {
    name: 'reads nothing on an empty page, and does not fail',
    only: 'reads',
    async run({ engine, pages }) {
      const { image } = pages[0];
      const white = new Uint8Array(image.data.length).fill(image.bitsPerPixel === 1 ? 0 : 255);
      expect([...wordsOf(await read(engine, { image: { ...image, data: white } }))]).toEqual([]);
    },
  },
];

const BREAKING: readonly EngineCase[] = [
  {
    name: 'refuses a page it cannot read, and reads the next',
    async run({ engine, pages }) {
      const before = await read(engine, pages[0]);
      for (let time = 0; time < 2; time++) {
        const error = await rejection(read(engine, cut(pages[1])));
        expect(error).toBeInstanceOf(PageError);
        expect(['IMAGE_UNREADABLE', 'ENGINE_FAILED']).toContain((error as PageError).code);
        expect(await read(engine, pages[0])).toEqual(before);
      }
    },
  },
  {
    name: 'stops when told to, with the reason it was given, and reads on afterwards',
    async run({ engine, pages }) {
      const before = await read(engine, pages[0]);
      const stop = new AbortController();
      const reading = read(engine, pages[1], stop.signal);
      setTimeout(() => stop.abort(new Error('enough')), 5);
      // A fast engine may be done before it is told.
      const outcome = await reading.catch((error: unknown) => error);
      if (outcome instanceof Error) expect(outcome.message).toBe('enough');
      expect(await read(engine, pages[0])).toEqual(before);
    },
  },
  {
    name: 'does not begin when it was stopped before',
    async run({ engine, pages }) {
      const error = await rejection(read(engine, pages[0], AbortSignal.abort(new Error('too late'))));
      expect((error as Error).message).toBe('too late');
    },
  },
  {
    name: 'loses one page to a crash, and reads the next',
    only: 'breaks',
    async run({ engine, pages, set }) {
      const before = await read(engine, pages[0]);
      await set('crash');
      const error = await rejection(read(engine, pages[1]));
      expect(error).toBeInstanceOf(PageError);
      expect((error as PageError).code).toBe('ENGINE_FAILED');
      await set('work');
      expect(await read(engine, pages[0])).toEqual(before);
    },
  },
  {
    name: 'can be stopped when it hangs, and reads the next',
    only: 'breaks',
    async run({ engine, pages, set }) {
      await set('hang');
      const stop = new AbortController();
      setTimeout(() => stop.abort(new Error('enough')), 1_000);
      const error = await rejection(read(engine, pages[0], stop.signal));
      expect((error as Error).message).toBe('enough');
      await set('work');
      expect([...wordsOf(await read(engine, pages[0]))].length).toBeGreaterThan(0);
    },
  },
  {
    name: 'reads no more once it is closed; closing settles what is under way, and may be done twice',
    async run({ engine, pages }) {
      const reading = read(engine, pages[0]).catch((error: unknown) => error);
      await bounded(engine.close());
      await bounded(engine.close());
      const outcome = await reading;
      if (outcome instanceof Error) expect(outcome).toBeInstanceOf(PipelineError);
      expect(await rejection(read(engine, pages[0]))).toBeInstanceOf(PipelineError);
    },
  },
];

const CASES: readonly EngineCase[] = [...READING, ...BREAKING];

/** The promises an engine of this kind keeps. */
export function ocrEngineCases(kind: EngineKind): readonly EngineCase[] {
  return CASES.filter(({ only }) => only === undefined || kind[only]);
}

/** Registers the suite for one engine; `makeHarness` is called anew for each case. */
export function describeOcrEngine(name: string, kind: EngineKind, makeHarness: () => Promise<EngineHarness>): void {
  describe(`OcrEngine: ${name}`, () => {
    it.each(ocrEngineCases(kind))('keeps: $name', async (engineCase) => {
      expect.hasAssertions();
      const harness = await makeHarness();
      try {
        await engineCase.run(harness);
      } finally {
        await harness.close();
      }
    });
  });
}
