import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NO_BOX } from './run-support.ts';
import { assembleDocuments, rasterizePages, recognizePages } from '../../src/app/single-steps.ts';
import type { RecognizeRequest, StepItem } from '../../src/app/contract.ts';
import { DEFAULT_LIMITS } from '../../src/core/settings.ts';
import { SmallScratch } from '../support/small-scratch.ts';
import { requireLanguages, requireThat } from '../support/requires.ts';
import { makeScan } from './make-scan.ts';

const FIXTURES = resolve(import.meta.dirname, '../fixtures');
const CALM = new AbortController().signal;

const german = requireLanguages(['deu']);
const mounts = requireThat(process.getuid?.() === 0, 'only root can mount a small file system to fill');

let base: string;
let book: string;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'steps-'));
  book = join(base, 'book.pdf');
  await writeFile(book, makeScan(3, 1));
});
afterEach(() => rm(base, { recursive: true, force: true }));

async function all(items: AsyncIterable<StepItem>): Promise<StepItem[]> {
  const found: StepItem[] = [];
  for await (const item of items) found.push(item);
  return found;
}

const problems = (items: readonly StepItem[]): string[] => items.flatMap(({ problem }) => problem ?? []);

function recognize(
  pageNumbers?: readonly number[],
  language = 'eng',
  engine: RecognizeRequest['engine'] = 'null',
): Promise<StepItem[]> {
  const request: RecognizeRequest = {
    target: { kind: 'files', files: [book], pageNumbers },
    outputFolder: join(base, 'results'),
    engine,
    jobs: 1,
    box: NO_BOX,
    limits: DEFAULT_LIMITS,
    recognition: { language, mode: 'skip', dpi: 300 },
  };
  return all(recognizePages(request, CALM));
}

function assemble(): Promise<StepItem[]> {
  const request = {
    target: { kind: 'files', files: [book] },
    resultsFolder: join(base, 'results'),
    outputFolder: join(base, 'out'),
    formats: ['txt', 'hocr', 'alto', 'jsonl', 'pdf'],
    jobs: 1,
    box: NO_BOX,
    limits: DEFAULT_LIMITS,
  } as const;
  return all(assembleDocuments(request, CALM));
}

describe('recognize, then assemble', () => {
  it.skipIf(german.skip)('say in all formats what was read with, and of which file', async () => {
    expect(problems(await recognize(undefined, 'deu', 'tesseract'))).toEqual([]);
    expect(problems(await assemble())).toEqual([]);
    const hocr = await readFile(join(base, 'out/book.hocr'), 'utf8');
    expect(hocr).toMatch(/lang="de"/);
    expect(hocr).toMatch(/name="ocr-system" content="ocr-pipeline \S+, tesseract \d/);
    const alto = await readFile(join(base, 'out/book.alto.xml'), 'utf8');
    expect(alto).toMatch(/>engine tesseract \d[\d.]*; language deu</);
    const [line = ''] = (await readFile(join(base, 'out/book.jsonl'), 'utf8')).split('\n');
    expect(JSON.parse(line)).toMatchObject({
      language: 'deu',
      sha1: expect.stringMatching(/^[0-9a-f]{40}$/) as string,
    });
  });

  it('refuse results of another file', async () => {
    await recognize();
    await writeFile(book, makeScan(3, 2));
    expect(problems(await assemble())).toEqual([expect.stringContaining('are of another file')]);
  });

  it.each([
    [[1, 2], 'Page 3 was not read: it is empty in the outputs.'],
    [[2, 3], 'Page 1 was not read: it is empty in the outputs.'],
    [[2], 'Pages 1, 3 were not read: they are empty in the outputs.'],
  ])('of pages %j keep the count of the PDF, and say which pages are missing', async (pageNumbers, problem) => {
    expect(problems(await recognize(pageNumbers))).toEqual([]);
    expect(problems(await assemble())).toEqual([problem]);
    const lines = (await readFile(join(base, 'out/book.jsonl'), 'utf8')).trim().split('\n');
    const pages = lines.map((line) => JSON.parse(line) as { pageNumber: number; pageCount: number; state: string });
    expect(pages.map(({ pageNumber }) => pageNumber)).toEqual([1, 2, 3]);
    expect(pages.every(({ pageCount }) => pageCount === 3)).toBe(true);
    expect(pages.filter(({ state }) => state !== 'failed').map(({ pageNumber }) => pageNumber)).toEqual(pageNumbers);
  });

  it('read a PDF as one, whatever its name says', async () => {
    const named = join(base, 'book.png');
    await rename(book, named);
    book = named;
    expect(problems(await recognize())).toEqual([]);
    const lines = (await readFile(join(base, 'results/book.png.pages.jsonl'), 'utf8')).trimEnd().split('\n');
    expect(lines.length).toBeGreaterThan(3);
  });

  it.skipIf(process.platform === 'win32')('never wait at a named pipe, and go on with the next file', async () => {
    const pipe = join(base, 'pipe.pdf');
    execFileSync('mkfifo', [pipe]);
    const request = {
      target: { kind: 'files', files: [pipe, book] },
      outputFolder: join(base, 'pages'),
      format: 'png',
      dpi: 72,
      jobs: 1,
      box: NO_BOX,
      limits: DEFAULT_LIMITS,
    } as const;
    const items = await all(rasterizePages(request, CALM));
    expect(problems(items)).toEqual(['It is a named pipe, not a file.']);
    expect(items).toHaveLength(4);
  });

  it('refuse pages that are not there', async () => {
    expect(problems(await recognize([2, 99]))).toEqual([
      'There is no page 99: it has 3 pages. Nothing of it was read.',
    ]);
    await expect(readdir(join(base, 'results'))).rejects.toThrow('ENOENT');
  });
});

describe('a step whose output cannot be made', () => {
  it('says so as of any write, and not as trouble of the system that passes', async () => {
    await recognize();
    const outputFolder = join(book, 'made');
    const target = { kind: 'files', files: [book] } as const;
    const rest = { outputFolder, jobs: 1, box: NO_BOX, limits: DEFAULT_LIMITS };
    const recognition = { language: 'eng', mode: 'skip', dpi: 300 } as const;
    for (const items of [
      rasterizePages({ ...rest, target, dpi: 72 }, CALM),
      recognizePages({ ...rest, target, engine: 'null', recognition }, CALM),
      assembleDocuments({ ...rest, target, resultsFolder: join(base, 'results'), formats: ['txt'] }, CALM),
    ])
      await expect(all(items)).rejects.toMatchObject({
        code: 'WRITE_FAILED',
        exitCode: 74,
        message: expect.stringContaining(`Cannot write ${outputFolder}`) as string,
      });
  });
});

describe.skipIf(mounts.skip)('a step whose disk is full', () => {
  it('says which disk, how much is free and what helps, and leaves nothing half-written', async () => {
    await recognize();
    using small = new SmallScratch(1);
    await writeFile(join(small.folder, 'filler'), Buffer.alloc(2 << 20)).catch(() => undefined);
    const folder = join(small.folder, 'made');
    const target = { kind: 'files', files: [book] } as const;
    const rest = { outputFolder: folder, jobs: 1, box: NO_BOX, limits: DEFAULT_LIMITS };
    const recognition = { language: 'eng', mode: 'skip', dpi: 300 } as const;
    const resultsFolder = join(base, 'results');
    const steps = {
      rasterize: () => rasterizePages({ ...rest, target, dpi: 300 }, CALM),
      recognize: () => recognizePages({ ...rest, target, engine: 'null', recognition }, CALM),
      assemble: () => assembleDocuments({ ...rest, target, resultsFolder, formats: ['pdf'] }, CALM),
    };
    for (const [step, start] of Object.entries(steps)) {
      const failure: unknown = await all(start()).catch((error: unknown) => error);
      expect(failure, step).toMatchObject({
        code: 'DISK_FULL',
        exitCode: 74,
        message: expect.stringMatching(new RegExp(`, mounted at ${small.folder}: .+ free\\.$`)) as string,
        advice: { remedy: 'Make room there, or give --output on another disk; then the same command.' },
      });
      const left = await readdir(folder, { recursive: true });
      expect(left.filter((name) => name.includes('tmp'))).toEqual([]);
      await rm(folder, { recursive: true });
    }
  });
});

describe('rasterize', () => {
  it('goes on with the next page and file where one takes too long', async () => {
    const request = {
      target: { kind: 'files', files: [join(FIXTURES, 'twelve-pages.pdf'), book] },
      outputFolder: join(base, 'pages'),
      dpi: 300,
      jobs: 1,
      box: NO_BOX,
      // So short that nothing can be done in it: what counts is that each page is tried.
      limits: { ...DEFAULT_LIMITS, seconds: 0.001 },
    } as const;
    const items = await all(rasterizePages(request, CALM));
    expect(new Set(items.map(({ source }) => source))).toEqual(new Set(['twelve-pages.pdf', 'book.pdf']));
    expect(items.every(({ problem }) => problem !== undefined)).toBe(true);
  });
});
