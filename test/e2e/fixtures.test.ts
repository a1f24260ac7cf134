import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { summarizeRun } from '../../src/cli/screens/run-summary.ts';
import { describeLanguage } from '../../src/core/guess-language.ts';
import { countRun, type DocumentState, type RunState } from '../../src/core/run-state.ts';
import { characterErrorRate } from '../support/error-rate.ts';
import { requireAll, requireLanguages, requireTools } from '../support/requires.ts';
import { run } from './run-support.ts';

const FIXTURES = resolve(import.meta.dirname, '../fixtures');
const READABLE = [
  'scan-3-pages',
  'twelve-pages',
  'rotated-90',
  'upside-down',
  'skewed',
  'blank-inside',
  'stamp-on-scan',
];
const execute = promisify(execFile);
const need = requireAll(requireLanguages(['eng', 'deu', 'fra']), requireTools(['qpdf', 'pdftotext']));

describe.skipIf(need.skip)(`the fixtures, read with Tesseract${need.skip ? ` (${need.reason})` : ''}`, () => {
  let base: string;
  let state: RunState;
  beforeAll(async () => {
    base = await mkdtemp(join(tmpdir(), 'fixtures-'));
    const settings = { engine: 'tesseract' as const, recursive: false };
    ({ state } = await run({ input: FIXTURES, output: join(base, 'out'), workDir: join(base, 'runs'), settings }));
  });
  afterAll(() => rm(base, { recursive: true, force: true }));

  const documentOf = (name: string): DocumentState => {
    const found = state.documents.get(join(FIXTURES, `${name}.pdf`));
    if (!found) throw new Error(`${name} was not listed`);
    return found;
  };
  const textOf = (name: string): Promise<string> => readFile(join(base, 'out', `${name}.txt`), 'utf8');
  const truthOf = async (name: string): Promise<string> => {
    const truth = await readFile(join(FIXTURES, `${name}.txt`), 'utf8');
    // The stamp is on the page, so it is read; the truth is that of the scan.
    return name === 'stamp-on-scan' ? `${truth}Example Town Library` : truth;
  };

  it('every document of the folder has one end, and the counts add up', async () => {
    const names = await readdir(FIXTURES);
    const { documents, pages } = countRun(state);
    expect(documents).toEqual({ listed: 16, done: 12, failed: 4, waiting: 0, leftOut: names.length - 16 });
    expect(names.filter((name) => name.endsWith('.pdf'))).toHaveLength(16);
    expect(pages).toMatchObject({ known: 30, done: 25, blank: 1, keptText: 4, failed: 0, waiting: 0 });
  });

  it.each(READABLE)('%s is read, however it lies', async (name) => {
    expect(documentOf(name).stage).toBe('done');
    expect(characterErrorRate(await truthOf(name), await textOf(name))).toBeLessThan(0.03);
  });

  it('twelve pages stand in their order, each its own', async () => {
    const [truth, text] = [(await truthOf('twelve-pages')).split('\f'), (await textOf('twelve-pages')).split('\f')];
    expect(text).toHaveLength(12);
    for (const [index, page] of text.entries())
      expect(characterErrorRate(truth[index] ?? '', page), `page ${index + 1}`).toBeLessThan(0.1);
  });

  it('a blank page keeps its place', async () => {
    expect([...documentOf('blank-inside').pages.values()].map(({ state }) => state)).toEqual(['done', 'blank', 'done']);
    expect((await textOf('blank-inside')).split('\f')[1]?.trim()).toBe('');
  });

  it('real text is kept, a stamp is none, an old layer counts', async () => {
    const ends = (name: string): string[] => [...documentOf(name).pages.values()].map(({ state }) => state);
    expect(ends('born-digital')).toEqual(['kept-text', 'kept-text']);
    expect(ends('mixed')).toEqual(['kept-text', 'done']);
    expect(ends('stamp-on-scan')).toEqual(['done']);
    expect(ends('old-ocr-layer')).toEqual(['kept-text']);
    expect(await textOf('old-ocr-layer')).toContain('Ishrnael');
    expect(characterErrorRate(await truthOf('born-digital'), await textOf('born-digital'))).toBeLessThan(0.01);
  });

  it('an old layer is read again on request, and is not there twice', async () => {
    const out = join(base, 'redo');
    const input = [join(FIXTURES, 'old-ocr-layer.pdf'), join(FIXTURES, 'born-digital.pdf')];
    await run({
      input,
      output: out,
      workDir: join(base, 'redo-runs'),
      settings: { engine: 'tesseract', mode: 'redo' },
    });
    expect(
      characterErrorRate(await truthOf('old-ocr-layer'), await readFile(join(out, 'old-ocr-layer.txt'), 'utf8')),
    ).toBeLessThan(0.02);
    const { stdout } = await execute('pdftotext', [join(out, 'old-ocr-layer.pdf'), '-']);
    expect(stdout).not.toContain('Ishrnael');
    expect(stdout.match(/Call me/g)).toHaveLength(1);
    expect(await readFile(join(out, 'born-digital.txt'), 'utf8')).toBe(await textOf('born-digital'));
  });

  it('what cannot be read says why', () => {
    const ends = ['encrypted', 'damaged', 'empty', 'not-a-pdf'].map((name) => [
      documentOf(name).stage,
      documentOf(name).error?.code,
    ]);
    expect(ends).toEqual([
      ['failed', 'PDF_ENCRYPTED'],
      ['failed', 'PDF_DAMAGED'],
      ['failed', 'PDF_EMPTY'],
      ['failed', 'PDF_NOT_A_PDF'],
    ]);
  });

  it.each(['born-digital', 'mixed', 'old-ocr-layer'])('%s keeps the text it has, once', async (name) => {
    const file = join(base, 'out', `${name}.pdf`);
    await execute('qpdf', ['--check', file]);
    const { stdout, stderr } = await execute('pdftotext', ['-raw', file, '-']);
    expect(stderr).toBe('');
    expect(characterErrorRate(await textOf(name), stdout)).toBeLessThan(0.02);
  });

  it.each(READABLE)('%s gives a searchable PDF that is sound and has its words in order', async (name) => {
    const file = join(base, 'out', `${name}.pdf`);
    await execute('qpdf', ['--check', file]);
    const { stdout, stderr } = await execute('pdftotext', ['-raw', file, '-']);
    expect(stderr).toBe('');
    expect(
      characterErrorRate(await textOf(name), stdout.replace(/(?<=Library)\s+Example Town Library/, '')),
    ).toBeLessThan(0.04);
    const [original, searchable] = [await readFile(join(FIXTURES, `${name}.pdf`)), await readFile(file)];
    expect(searchable.subarray(0, original.length).equals(original)).toBe(true);
  });

  it('German and French are read in their languages', async () => {
    for (const [name, language] of [
      ['german', 'deu'],
      ['french', 'fra'],
    ] as const) {
      const out = join(base, language);
      const input = join(FIXTURES, `${name}.pdf`);
      await run({
        input,
        output: out,
        workDir: join(base, 'language-runs'),
        settings: { engine: 'tesseract', language },
      });
      expect(characterErrorRate(await truthOf(name), await readFile(join(out, `${name}.txt`), 'utf8'))).toBeLessThan(
        0.02,
      );
    }
  });

  it('German and French that were read as English are told as such, and English is not', () => {
    const told = ['german', 'french', 'scan-3-pages'].map((name) => describeLanguage(documentOf(name).language));
    expect(told).toEqual(['reads like German; you gave eng', 'reads like French; you gave eng', undefined]);
    const { lookAt } = summarizeRun(state);
    expect(lookAt.find(({ path }) => path === 'german.pdf')).toMatchObject({ language: told[0] });
  });
});
