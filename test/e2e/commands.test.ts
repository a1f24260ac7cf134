import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NO_HISTORY, WaveStore } from '../../src/executors/slurm/store/wave-store.ts';
import type { RunPlan } from '../../src/core/run-estimate.ts';
import { DEFAULT_LIMITS } from '../../src/core/settings.ts';
import { realDisk } from '../../src/files/disk.ts';
import type { ChunkResultLine } from '../../src/runs/page-results.ts';
import { WAVES_FOLDER } from '../../src/runs/run-folder.ts';
import { makeScan } from './make-scan.ts';
import { run } from './run-support.ts';
import { HANG_MS } from '../support/hang.ts';

const PROGRAM = resolve(import.meta.dirname, '../../bin/ocr-pipeline.js');
const execute = promisify(execFile);

async function ocr(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  try {
    return { code: 0, ...(await execute(process.execPath, [PROGRAM, ...args], { timeout: HANG_MS })) };
  } catch (error) {
    const failed = error as { code: number; stdout: string; stderr: string };
    return { code: failed.code, stdout: failed.stdout, stderr: failed.stderr };
  }
}

describe('the real commands', () => {
  let base: string;
  beforeAll(async () => {
    base = await mkdtemp(join(tmpdir(), 'commands-'));
    await mkdir(join(base, 'in'));
    await writeFile(join(base, 'in/book.pdf'), makeScan(11, 1));
    await writeFile(join(base, 'in/locked.pdf'), '%PDF-1.4\nnot really\n');
  });
  afterAll(() => rm(base, { recursive: true, force: true }));

  it('rasterize, recognize and assemble do one step each, and end where run ends', async () => {
    const book = join(base, 'in/book.pdf');
    const pages = await ocr('rasterize', book, '--output', join(base, 'pages'));
    expect(pages.code, pages.stderr).toBe(0);
    const names = await readdir(join(base, 'pages'));
    expect(names).toEqual(Array.from({ length: 11 }, (_, index) => `page-${String(index + 1).padStart(4, '0')}.png`));
    const first = await sharp(join(base, 'pages/page-0001.png')).metadata();
    expect([first.width, first.height]).toEqual([120, 160]);
    expect(pages.stdout.trim().split('\n')).toHaveLength(11);

    const results = await ocr('recognize', book, '--output', join(base, 'results'), '--engine', 'null');
    expect(results.code, results.stderr).toBe(0);
    const assembled = await ocr(
      'assemble',
      book,
      '--results',
      join(base, 'results'),
      '--output',
      join(base, 'text'),
      '--formats',
      'txt,pdf,hocr',
    );
    expect(assembled.code, assembled.stderr).toBe(0);
    await run({ input: book, output: join(base, 'run-out'), workDir: join(base, 'runs') });
    for (const name of ['book.txt', 'book.pdf']) {
      expect(await readFile(join(base, 'text', name))).toEqual(await readFile(join(base, 'run-out', name)));
    }
  });

  it('take chosen pages, and say which file is bad', async () => {
    const chosen = await ocr(
      'rasterize',
      join(base, 'in/book.pdf'),
      '--output',
      join(base, 'some'),
      '--pages',
      '2-3,11',
    );
    expect(chosen.code).toBe(0);
    expect(await readdir(join(base, 'some'))).toEqual(['page-0002.png', 'page-0003.png', 'page-0011.png']);
    const bad = await ocr('rasterize', join(base, 'in/locked.pdf'), '--output', join(base, 'none'));
    expect(bad.code).toBe(65);
    expect(bad.stderr).toContain('locked.pdf');
  });

  it('recognize takes page images, too', async () => {
    await ocr('rasterize', join(base, 'in/book.pdf'), '--output', join(base, 'images'), '--pages', '1');
    const image = join(base, 'images/page-0001.png');
    const read = await ocr('recognize', image, '--output', join(base, 'image-results'), '--engine', 'null');
    expect(read.code, read.stderr).toBe(0);
    const text = await readFile(join(base, 'image-results/page-0001.png.pages.jsonl'), 'utf8');
    expect(JSON.parse(text.trim().split('\n')[1] ?? '')).toMatchObject({ pageNumber: 1, state: 'done' });
  });

  it('plan says what run would do, and changes nothing', async () => {
    const places = [
      '--input',
      join(base, 'in'),
      '--output',
      join(base, 'planned'),
      '--work-dir',
      join(base, 'plan-runs'),
      '--engine',
      'null',
    ];
    const { code, stdout } = await ocr('plan', ...places, '--json');
    expect(code).toBe(0);
    const plan = JSON.parse(stdout) as RunPlan;
    expect(plan.toDo).toMatchObject({ documents: 1, pages: 11 });
    expect(plan.failures.map(({ path, code: why }) => [path, why])).toEqual([['locked.pdf', 'PDF_DAMAGED']]);
    expect(plan.estimates[0]?.seconds?.[0]).toBeGreaterThan(0);
    await expect(readdir(join(base, 'planned'))).rejects.toThrow('ENOENT');
    await expect(readdir(join(base, 'plan-runs'))).rejects.toThrow('ENOENT');
    const dry = await ocr('run', ...places, '--dry-run');
    expect(dry.stdout).toContain('11 pages');
  });

  it('work reads the pages of one task in the run folder, and none twice', async () => {
    const { folder, record } = await run({
      input: join(base, 'in/book.pdf'),
      output: join(base, 'work-out'),
      workDir: join(base, 'work-runs'),
    });
    const file = join(base, 'in/book.pdf');
    const ranges = [{ sha1: 'f'.repeat(40), file, pageNumbers: [1, 3, 7] }];
    const chunks = [{ id: '2-1', ranges, history: NO_HISTORY }];
    const store = new WaveStore(join(folder, WAVES_FOLDER), realDisk);
    const header = { wave: 1, recipe: record.recipe, limits: DEFAULT_LIMITS, minutes: 5, environment: {} };
    const unseen = [
      {
        id: '2-2',
        ranges: [{ sha1: 'e'.repeat(40), file: join(base, 'elsewhere.pdf'), pageNumbers: [1] }],
        history: NO_HISTORY,
      },
    ];
    await store.plan({
      ...header,
      tasks: [
        { index: 0, chunks: [] },
        { index: 1, chunks },
        { index: 3, chunks: unseen },
      ],
    });
    await store.close();
    const { code, stderr } = await ocr('work', folder, '1-1');
    expect(code, stderr).toBe(0);
    const lines = (await readFile(join(folder, 'chunks/2-1.ndjson'), 'utf8')).trim().split('\n');
    const numbers = lines.slice(0, -1).map((line) => (JSON.parse(line) as ChunkResultLine).page.pageNumber);
    expect(numbers.sort((a, b) => a - b)).toEqual([1, 3, 7]);
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ trailer: { chunk: '2-1', pages: 3, pagesRead: 3 } });
    expect((await ocr('work', folder, '1-1')).stderr).toContain('0 of 1 chunks to read');
    expect((await ocr('work', folder, '1-3')).stderr).toContain('[SOURCE_NOT_SEEN]');
    const other = { ...header, wave: 2, recipe: { ...record.recipe, engineVersion: '0', digest: 'other' } };
    const again = new WaveStore(join(folder, WAVES_FOLDER), realDisk);
    await again.plan({ ...other, tasks: [{ index: 0, chunks: [{ id: '2-9', ranges, history: NO_HISTORY }] }] });
    await again.close();
    const differs = await ocr('work', folder, '2-0');
    expect(differs.code).toBe(78);
    expect(differs.stderr).toContain('[ENGINE_DIFFERS]');
    const none = await ocr('work', folder, '1-2');
    expect(none.code).toBe(66);
    expect(none.stderr).toContain('"code":"TASK_NOT_FOUND"');
  });

  it('status and report only read the folder', async () => {
    const runs = join(base, 'status-runs');
    await run({ input: join(base, 'in'), output: join(base, 'status-out'), workDir: runs });
    const { stdout } = await ocr('status', '--work-dir', runs, '--json');
    expect(stdout).toContain('"state"');
    const report = await ocr('report', '--work-dir', runs);
    expect(await readFile(report.stdout.trim(), 'utf8')).toMatch(/1 of 2 documents is complete/);
  });
});
