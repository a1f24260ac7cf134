import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { renderSummary } from '../../src/cli/screens/render-summary.ts';
import { summarizeRun, type RunSummary } from '../../src/cli/screens/run-summary.ts';
import { PdfFile } from '../../src/pdf/pdf-file.ts';
import { samplePdf } from '../conformance/page-renderer-samples.ts';
import { makeScan } from './make-scan.ts';
import { run } from './run-support.ts';

const SCAN = resolve(import.meta.dirname, '../fixtures/scan-3-pages.pdf');

let base: string;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'damaged-'));
  await mkdir(join(base, 'in'));
});
afterEach(() => rm(base, { recursive: true, force: true }));

/** Runs over one PDF, and tells what the summary and the report say of it. */
async function tell(pdf: Uint8Array): Promise<{ summary: RunSummary; text: string; report: string }> {
  await writeFile(join(base, 'in', 'scan.pdf'), pdf);
  const outcome = await run({ input: join(base, 'in'), output: join(base, 'out'), workDir: join(base, 'runs') });
  const summary = summarizeRun(outcome.state);
  const text = renderSummary(summary, { durationMs: 1000, destination: 'out', width: 200 });
  return { summary, text, report: await readFile(join(outcome.folder, 'report.html'), 'utf8') };
}

describe('a scan that was cut short or damaged', () => {
  it.each([
    [0.25, 1, '1 of its 3 pages were found; the picture ends early on page 1'],
    [0.6, 2, '2 of its 3 pages were found; the picture ends early on page 2'],
    [0.95, 3, 'what was found could be decoded whole'],
  ])('is not called complete where %s of its file is left, and named under "Look at"', async (share, pages, lost) => {
    const bytes = makeScan(3);
    const { summary, text, report } = await tell(bytes.subarray(0, Math.floor(bytes.length * share)));
    const damage = `the file is cut short and was repaired; ${lost}`;
    expect(summary.complete).toBe(0);
    expect(summary.counts.pages).toMatchObject({ known: pages, done: pages });
    expect(text).not.toContain('The document is complete');
    expect(text.replaceAll(/\s+/g, ' ')).toContain(`Look at scan.pdf ${damage}`);
    expect(report).toContain(damage);
    expect(report).toContain('0 of 1 document is complete; 1 wants your eyes.');
    await using made = await PdfFile.open(join(base, 'out', 'scan.pdf'));
    expect(made.repaired).toBe(false);
    expect(made.pageCount).toBe(pages);
  });

  it('fails with its reason where the list of its pages is lost', async () => {
    const bytes = await readFile(SCAN);
    const { summary, text } = await tell(bytes.subarray(0, Math.floor(bytes.length * 0.6)));
    expect(summary.exitCode).toBe(65);
    expect(text).toMatch(/Failed +scan\.pdf .*its list of pages is missing\. +\[PDF_DAMAGED\]/);
  });

  it('fails as damaged rather than blank where nothing of the picture is left', async () => {
    const [width, height] = [800, 1000];
    const white = { create: { width, height, channels: 3, background: 'white' } } as const;
    const jpeg = await sharp(white)
      .composite([
        { input: Buffer.alloc(300 * 300 * 3), raw: { width: 300, height: 300, channels: 3 }, left: 200, top: 600 },
      ])
      .toColourspace('b-w')
      .jpeg()
      .toBuffer();
    const dict = `/Width ${width}/Height ${height}/ColorSpace/DeviceGray/BitsPerComponent 8/Filter/DCTDecode`;
    const page = (data: Uint8Array) => ({
      mediaBox: [0, 0, width, height],
      content: `q ${width} 0 0 ${height} 0 0 cm /Im Do Q`,
      image: { dict, data },
    });
    const white0 = await sharp(white).toColourspace('b-w').jpeg().toBuffer();
    const { summary, text, report } = await tell(
      samplePdf([page(white0), page(jpeg.subarray(0, Math.floor(jpeg.length * 0.4)))]),
    );
    expect(summary.counts.pages).toMatchObject({ blank: 1, failed: 1 });
    expect(summary.exitCode).toBe(65);
    expect(text).toMatch(/Failed +scan\.pdf +1 of 2 pages could not be read/);
    expect(report).toContain('PAGE_DAMAGED');
  });
});
