import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RunFolder } from '../../src/runs/run-folder.ts';
import { realDisk } from '../../src/files/disk.ts';
import type { DocumentState } from '../../src/core/run-state.ts';
import { writeSmallPdf } from '../../src/renderers/write-small-pdf.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures');
const PROGRAM = join(import.meta.dirname, '../../bin/ocr-pipeline.js');

interface Ended {
  readonly exitCode: number | null;
  readonly text: string;
}

/** Runs the program, after words of a shell where they are given. */
async function runProgram(args: readonly string[], before = ''): Promise<Ended> {
  const words = [process.execPath, PROGRAM, ...args].map((word) => `'${word}'`).join(' ');
  const child = spawn('bash', ['-c', `${before} exec ${words}`], { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => (text += part.toString()));
  const [exitCode] = (await once(child, 'close')) as [number | null];
  return { exitCode, text };
}

/** Pages full of specks that Tesseract takes minutes for. */
function noisePages(count: number): Uint8Array {
  const widthPx = 2_480;
  const heightPx = 3_508;
  const rowBytes = widthPx / 8;
  let state = 7;
  const bits = Buffer.alloc(rowBytes * heightPx, 255);
  for (let speck = 0; speck < 60_000; speck++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const x = (state >>> 8) % (rowBytes - 2);
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const y = (state >>> 8) % (heightPx - 20);
    const height = 6 + ((state >>> 4) % 14);
    for (let row = y; row < y + height; row++) bits[row * rowBytes + x] = state & 0xff;
  }
  const stream = deflateSync(bits);
  return writeSmallPdf([
    { head: '<</Type/Catalog/Pages 2 0 R>>' },
    {
      head: `<</Type/Pages/Count ${count}/Kids[${Array.from({ length: count }, (_, n) => `${n + 5} 0 R`).join(' ')}]>>`,
    },
    {
      head: `<</Type/XObject/Subtype/Image/Width ${widthPx}/Height ${heightPx}/ColorSpace/DeviceGray/BitsPerComponent 1/Filter/FlateDecode/Length ${stream.length}>>`,
      stream,
    },
    { head: '<</Length 29>>', stream: Buffer.from('q 595 0 0 842 0 0 cm /I Do Q ') },
    ...Array.from({ length: count }, (_, n) => ({
      // Each page another one: no object is listed twice.
      head: `<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 ${842 + n / 100}]/Contents 4 0 R/Resources<</XObject<</I 3 0 R>>>>>>`,
    })),
  ]);
}

describe('one document against all others', () => {
  let base: string;
  let places: string[];
  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'fair-'));
    await mkdir(join(base, 'in'));
    places = ['--input', join(base, 'in'), '--output', join(base, 'out'), '--work-dir', join(base, 'runs')];
  });
  afterEach(() => rm(base, { recursive: true, force: true }));

  async function documents(): Promise<ReadonlyMap<string, DocumentState>> {
    const [name = ''] = await RunFolder.list(join(base, 'runs'));
    const run = await RunFolder.open(join(base, 'runs', name), realDisk);
    if (!run) throw new Error('the run left no folder');
    const { documents: all } = await run.readState();
    await run.close();
    return new Map([...all.values()].map((document) => [document.source.path, document]));
  }

  async function log(): Promise<{ event: string; document?: string; text?: string }[]> {
    const [name = ''] = await RunFolder.list(join(base, 'runs'));
    const lines = (await readFile(join(base, 'runs', name, 'log.ndjson'), 'utf8')).trim().split('\n');
    return lines.map((line) => JSON.parse(line) as { event: string; document?: string; text?: string });
  }

  it('pages that take for ever delay their own document only, end by its budget, and do not stop the run', async () => {
    await writeFile(join(base, 'in', 'a-noise.pdf'), noisePages(14));
    await copyFile(join(FIXTURES, 'scan-3-pages.pdf'), join(base, 'in', 'b.pdf'));
    await copyFile(join(FIXTURES, 'german.pdf'), join(base, 'in', 'c.pdf'));
    const limits = ['--page-timeout', '20', '--document-failures', '3'];
    const { exitCode, text } = await runProgram(['run', ...places, '--jobs', '2', ...limits, '--progress', 'none']);
    expect(exitCode, text).toBe(65);
    const ends = await documents();
    expect(ends.get('b.pdf')?.stage).toBe('done');
    expect(ends.get('c.pdf')?.stage).toBe('done');
    const noise = ends.get('a-noise.pdf');
    const codes = [...(noise?.pages.values() ?? [])].map(({ error }) => error?.code);
    expect(codes).toHaveLength(14);
    expect(new Set(codes)).toEqual(new Set(['READING_TIMEOUT', 'PAGE_NOT_TRIED']));
    expect(codes.filter((code) => code === 'READING_TIMEOUT').length).toBeLessThanOrEqual(5);
    expect(noise?.error).toMatchObject({
      message: expect.stringMatching(/^14 of 14 pages could not be read; \d+ of them were not tried\.$/) as string,
      remedy: '--document-failures 30   to try more of them.',
    });
    // All good pages were read before a second one of the noise came to its end.
    const pages = (await log()).filter(({ event }) => event === 'page');
    const lastGood = pages.findLastIndex(({ document }) => document !== 'a-noise.pdf');
    const noiseBefore = pages.slice(0, lastGood).filter(({ document }) => document === 'a-noise.pdf');
    expect(noiseBefore.length).toBeLessThanOrEqual(1);
  });

  it('a shell that limits memory is named, and no document is blamed', async () => {
    for (const name of ['a.pdf', 'b.pdf', 'c.pdf', 'd.pdf'])
      await copyFile(join(FIXTURES, 'german.pdf'), join(base, 'in', name));
    const { exitCode, text } = await runProgram(['run', ...places, '--progress', 'none'], 'ulimit -v 2000000;');
    expect(exitCode, text).toBe(69);
    expect(text.replaceAll(/\s+/g, ' ')).toContain('a limit on memory (ulimit -v 2000000) is too low. [LIMIT_MEMORY]');
    for (const { stage } of (await documents()).values()) expect(stage).not.toBe('failed');
  });
});
