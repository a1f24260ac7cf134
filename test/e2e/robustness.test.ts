import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countRun, type RunState } from '../../src/core/run-state.ts';
import { realDisk } from '../../src/files/disk.ts';
import { RunFolder } from '../../src/runs/run-folder.ts';
import { MemoryGauge } from '../../src/work/resident-memory.ts';
import { requireCorpus } from '../support/requires.ts';

const PROGRAM = resolve(import.meta.dirname, '../../bin/ocr-pipeline.js');
const need = requireCorpus('robustness');

interface CorpusItem {
  readonly file: string;
  readonly category: string;
  readonly observed: {
    readonly needs_password?: boolean;
    readonly pdfinfo_pages: number | null;
    readonly pdftoppm_images?: number;
  };
}

/** The most memory a single process below ours holds, in MiB. */
function largestChildMiB(pid: number): number {
  let most = 0;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      if (parent !== pid) continue;
      using memory = new MemoryGauge(Number(name));
      most = Math.max(most, memory.read() ?? 0);
    } catch {
      // It has just ended.
    }
  }
  return most;
}

describe.skipIf(need.skip)(`hostile and odd PDFs${need.skip ? ` (${need.reason})` : ''}`, () => {
  let base: string;
  let state: RunState;
  let items: readonly CorpusItem[];
  let exitCode: number | null;
  let peakMiB = 0;

  beforeAll(async () => {
    base = await mkdtemp(join(tmpdir(), 'robustness-'));
    items = (JSON.parse(await readFile(join(need.folder, 'manifest.json'), 'utf8')) as { items: CorpusItem[] }).items;
    const places = ['--input', need.folder, '--output', join(base, 'out'), '--work-dir', join(base, 'runs')];
    const args = [
      PROGRAM,
      'run',
      ...places,
      '--engine',
      'null',
      '--jobs',
      '2',
      '--page-timeout',
      '60',
      '--progress',
      'none',
    ];
    const child = spawn(process.execPath, args, { stdio: 'ignore' });
    const watch = setInterval(() => (peakMiB = Math.max(peakMiB, largestChildMiB(child.pid ?? 0))), 100);
    [exitCode] = (await once(child, 'exit')) as [number | null];
    clearInterval(watch);
    const [name = ''] = await RunFolder.list(join(base, 'runs'));
    const run = await RunFolder.open(join(base, 'runs', name), realDisk);
    if (!run) throw new Error('the run left no folder');
    state = await run.readState();
  });
  afterAll(() => rm(base, { recursive: true, force: true }));

  const ends = (): Map<string, { code: string | undefined; message: string; pageCount: number | undefined }> =>
    new Map(
      [...state.documents.values()].map(({ source, error, pageCount }) => [
        basename(source.path),
        { code: error?.code, message: error?.message ?? '', pageCount },
      ]),
    );

  it('all end, each in one state, and take nothing else down', () => {
    expect(exitCode).toBe(65);
    expect(state.documents.size).toBe(items.length);
    const { documents, pages } = countRun(state);
    expect(documents.waiting).toBe(0);
    expect(documents.done + documents.failed).toBe(items.length);
    expect(pages.waiting).toBe(0);
    expect(documents.done).toBeGreaterThan(items.length * 0.75);
  });

  it('fail with a reason that a person understands', () => {
    for (const [file, { code, message }] of ends()) {
      if (code === undefined) continue;
      expect(code, file).toMatch(/^(?:PDF|PAGE|PAGES|IMAGE)_/);
      expect(message, file).toMatch(/^[A-Z0-9].{15,}\.$/s);
      expect(message, file).not.toMatch(/undefined|TypeError|Exception|at .*\.[jt]s:/);
    }
  });

  it('are told apart: encrypted, empty, not a PDF, too large', () => {
    for (const { file, category, observed } of items) {
      const code = ends().get(file)?.code;
      if (observed.needs_password === true && category === 'encrypted-user') expect(code, file).toBe('PDF_ENCRYPTED');
      if (category === 'zero-byte') expect(code, file).toBe('PDF_EMPTY');
      if (category === 'encrypted-owner-only' && (observed.pdftoppm_images ?? 0) > 0)
        expect(code, file).toBeUndefined();
      if (category === 'born-digital' && (observed.pdftoppm_images ?? 0) > 0) expect(code, file).toBeUndefined();
    }
    expect(ends().get('bomb__gen-bomb-image-60000x60000-1bit.pdf')?.code).toBe('PAGE_TOO_LARGE');
    expect(ends().get('not-a-pdf__gen-html-error-page.pdf')?.code).toBe('PDF_NOT_A_PDF');
    expect(ends().get('many-pages__gen-pages-10000.pdf')?.pageCount).toBe(10_000);
    expect(ends().get('page-tree__gen-count-lies-1000000.pdf')?.pageCount).toBeLessThan(10);
  });

  it('never make a worker and its engine take more than 1 GiB', () => {
    expect(peakMiB).toBeGreaterThan(50);
    expect(peakMiB).toBeLessThan(1_024);
  });
});
