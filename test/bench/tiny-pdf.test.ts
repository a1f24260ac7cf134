import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tinyPdf } from '../../bench/support/tiny-pdf.ts';
import { requireTools } from '../support/requires.ts';
import { HANG_MS } from '../support/hang.ts';

const need = requireTools(['qpdf', 'pdftoppm']);

describe.skipIf(need.skip)('a tiny PDF', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'tiny-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each([1, 3, 100])('of %i pages is valid and has them', (pages) => {
    const file = join(folder, `${pages}.pdf`);
    writeFileSync(file, tinyPdf(5, pages));
    expect(spawnSync('qpdf', ['--check', file], { timeout: HANG_MS }).status).toBe(0);
    expect(spawnSync('qpdf', ['--show-npages', file], { timeout: HANG_MS, encoding: 'utf8' }).stdout.trim()).toBe(
      String(pages),
    );
  });

  test('has no two pages alike', () => {
    const file = join(folder, 'pages.pdf');
    writeFileSync(file, tinyPdf(5, 12));
    const { stdout } = spawnSync('pdftoppm', ['-r', '72', '-gray', file], { timeout: HANG_MS, maxBuffer: 1 << 26 });
    const size = stdout.length / 12;
    const pages = Array.from({ length: 12 }, (_, at) => stdout.subarray(at * size, (at + 1) * size).toString('latin1'));
    expect(new Set(pages).size).toBe(12);
  });

  test('differs from that of another number', () => {
    expect(tinyPdf(1, 1).equals(tinyPdf(2, 1))).toBe(false);
  });
});
