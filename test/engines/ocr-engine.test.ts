import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PageError } from '../../src/core/errors.ts';
import type { PageImage, RecognizedPage } from '../../src/core/page.ts';
import { findLanguageFiles } from '../../src/engines/js-installation.ts';
import { NullEngine } from '../../src/engines/null.ts';
import type { OcrEngine, RecognizeOptions } from '../../src/engines/ocr-engine.ts';
import { identifyTesseractJs, TesseractJs } from '../../src/engines/tesseract-js.ts';
import { openNativeTesseract } from '../../src/engines/tesseract-native.ts';
import { describeOcrEngine, ocrEngineCases, type EngineHarness, type SamplePage } from '../conformance/ocr-engine.ts';
import { requireLanguages } from '../support/requires.ts';
import { writeSwitchedTesseract } from './switched-tesseract.ts';
import { drawTextPage, STORY, toBits } from './text-page.ts';
import { HANG_MS } from '../support/hang.ts';

async function makePages(): Promise<[SamplePage, SamplePage, SamplePage]> {
  const small = { widthPt: 350, heightPt: 120, topPt: 40, leftPt: 20, dpi: 200 };
  const grey = await drawTextPage({ ...small, lines: STORY.slice(0, 3) });
  const bits = toBits(await drawTextPage({ ...small, lines: STORY.slice(3, 6) }));
  const colours = await drawTextPage({ ...small, lines: STORY.slice(6, 9) });
  const rgb = new Uint8Array(colours.data.length * 3);
  for (const [at, light] of colours.data.entries()) rgb.fill(light, at * 3, at * 3 + 3);
  return [
    { image: grey, word: 'lighthouse' },
    { image: bits, word: 'lamp,' },
    { image: { ...colours, bitsPerPixel: 24, data: rgb }, word: 'daughter' },
  ];
}

const pages = await makePages();

function harnessOf(make: () => Promise<OcrEngine>, extra: Partial<EngineHarness> = {}): () => Promise<EngineHarness> {
  return async () => {
    const opened: OcrEngine[] = [];
    const open = async (): Promise<OcrEngine> => {
      const engine = await make();
      opened.push(engine);
      return engine;
    };
    const engine = await open();
    return {
      engine,
      pages,
      set: () => Promise.reject(new Error('nothing of it can break')),
      another: open,
      ...extra,
      close: async () => {
        for (const each of opened) await each.close();
        await extra.close?.();
      },
    };
  };
}

/** Runs `make` with a folder in which a file named `behaviour` says how the engine is to behave. */
async function withSwitch(make: (folder: string) => Promise<OcrEngine>): Promise<EngineHarness> {
  const folder = await mkdtemp(join(tmpdir(), 'engine-'));
  await writeFile(join(folder, 'behaviour'), 'work');
  const extra = {
    set: (behaviour: string) => writeFile(join(folder, 'behaviour'), behaviour),
    close: () => rm(folder, { recursive: true, force: true }),
  };
  return await harnessOf(() => make(folder), extra)();
}

const MADE_UP = { reads: false, breaks: false };

describeOcrEngine(
  'null',
  MADE_UP,
  harnessOf(() => Promise.resolve(new NullEngine('eng', [2]))),
);

const native = requireLanguages(['eng']);

describe.skipIf(native.skip)('native Tesseract', () => {
  async function openSwitched(folder: string): Promise<OcrEngine> {
    const program = await writeSwitchedTesseract(folder);
    return await openNativeTesseract(program, 'eng', AbortSignal.timeout(HANG_MS));
  }
  describeOcrEngine('tesseract', { reads: true, breaks: true }, () => withSwitch(openSwitched));
});

/** tesseract.js's own worker program, until it is told to crash or to hang when it is given a page. */
async function openJs(folder: string): Promise<OcrEngine> {
  const workerPath = join(folder, 'worker.cjs');
  const own = join(
    dirname(createRequire(import.meta.url).resolve('tesseract.js/package.json')),
    'src/worker-script/node/index.js',
  );
  const behaviour = JSON.stringify(join(folder, 'behaviour'));
  await writeFile(
    workerPath,
    `const { readFileSync } = require('node:fs');
     require('node:worker_threads').parentPort.on('message', ({ action }) => {
       if (action !== 'recognize') return;
       const behaviour = readFileSync(${behaviour}, 'utf8');
       if (behaviour === 'crash') process.exit(3);
       if (behaviour === 'hang') for (;;) {}
     });
     require(${JSON.stringify(own)});`,
  );
  const files = await findLanguageFiles();
  return new TesseractJs(['eng'], files, await identifyTesseractJs('eng', files), workerPath);
}

describeOcrEngine('tesseract.js', { reads: true, breaks: true }, () => withSwitch(openJs));

const FLAWS = [
  'learns from page to page',
  'gives every page the same text',
  'accepts a page that is cut off',
  'throws what is no error of ours',
  'is broken for good by a bad page',
  'does not hear the stop',
  'begins although it was stopped',
  'reads on after it was closed',
  'paints over the image',
  'has boxes outside the page',
  'has no models',
] as const;
type Flaw = (typeof FLAWS)[number];

/** The null engine with one flaw. */
class FlawedEngine implements OcrEngine {
  readonly #flaw: Flaw;
  readonly #inner = new NullEngine('eng', [2]);
  #pages = 0;
  #broken = false;

  constructor(flaw: Flaw) {
    this.#flaw = flaw;
  }

  get identity(): OcrEngine['identity'] {
    return this.#flaw === 'has no models' ? { ...this.#inner.identity, models: {} } : this.#inner.identity;
  }

  async recognize(image: PageImage, options: RecognizeOptions, signal: AbortSignal): Promise<RecognizedPage> {
    const flaw = this.#flaw;
    this.#pages++;
    if (flaw === 'does not hear the stop' && signal.aborted) return await new Promise(() => {});
    if (this.#broken) throw new PageError('ENGINE_FAILED', 'Broken.');
    const deaf = new AbortController().signal;
    const given = flaw === 'gives every page the same text' ? pages[0].image : image;
    const inner = flaw === 'reads on after it was closed' ? new NullEngine('eng', [2]) : this.#inner;
    try {
      const page = await inner.recognize(given, options, flaw === 'begins although it was stopped' ? deaf : signal);
      if (flaw === 'paints over the image') image.data[0] = (image.data[0] ?? 0) ^ 1;
      if (flaw === 'has boxes outside the page') return shift(page, image.widthPx);
      return flaw === 'learns from page to page' ? shift(page, this.#pages === 1 ? 0 : 1) : page;
    } catch (error) {
      if (!(error instanceof PageError)) throw error;
      if (flaw === 'accepts a page that is cut off') return { blocks: [] };
      if (flaw === 'is broken for good by a bad page') this.#broken = true;
      throw flaw === 'throws what is no error of ours' ? new Error('bad page') : error;
    }
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}

function shift(page: RecognizedPage, dx: number): RecognizedPage {
  return JSON.parse(JSON.stringify(page), (key, value: unknown) =>
    key === 'box' && Array.isArray(value) ? value.map((edge, at) => Number(edge) + (at % 2 === 0 ? dx : 0)) : value,
  ) as RecognizedPage;
}

describe('the OcrEngine suite can fail', () => {
  it.each(FLAWS)('rejects an engine that %s', async (flaw) => {
    const failed: string[] = [];
    const cases = ocrEngineCases(MADE_UP);
    for (const engineCase of cases) {
      const harness = await harnessOf(() => Promise.resolve(new FlawedEngine(flaw)))();
      try {
        const late = new Promise((_, reject) =>
          setTimeout(() => reject(new Error('it does not settle')), 2_000).unref(),
        );
        await Promise.race([engineCase.run(harness), late]);
      } catch {
        failed.push(engineCase.name);
      } finally {
        await harness.close();
      }
    }
    expect(failed).not.toEqual([]);
    expect(failed.length).toBeLessThan(cases.length);
  });
});

describe('tesseract.js', () => {
  it('writes nothing where it is run', async () => {
    const before = await readFile('package.json', 'utf8');
    const engine = new TesseractJs(['eng'], await findLanguageFiles(), {
      name: 'tesseract.js',
      version: 'x',
      models: {},
    });
    try {
      await engine.recognize(pages[0].image, { pageSegMode: 3, mayBeInverted: true }, AbortSignal.timeout(HANG_MS));
    } finally {
      await engine.close();
    }
    expect(await readFile('package.json', 'utf8')).toBe(before);
    await expect(readFile('eng.traineddata')).rejects.toThrow(/ENOENT/);
  });
});
