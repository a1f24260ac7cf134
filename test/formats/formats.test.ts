import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { PageResult } from '../../src/core/page.ts';
import type { OutputFormat } from '../../src/core/settings.ts';
import { writeFormat } from '../../src/formats/write-format.ts';
import { requireTools } from '../support/requires.ts';
import { each, HEADER, PAGES } from './sample-pages.ts';

type TextFormat = Exclude<OutputFormat, 'pdf'>;
const FORMATS = ['txt', 'hocr', 'alto', 'tsv', 'jsonl'] as const;
const XSD = join(import.meta.dirname, 'alto-4.2-subset.xsd');
const need = requireTools(['xmllint']);
const folder = mkdtempSync(join(tmpdir(), 'formats-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function write(format: TextFormat, pages: readonly PageResult[]): Promise<string> {
  let text = '';
  for await (const part of writeFormat(format, { ...HEADER, pageCount: pages.length }, each(pages))) text += part;
  return text;
}

/** A page with one line of these words. */
function pageOf(pageNumber: number, words: readonly string[]): PageResult {
  const box = [0, 0, 100, 20] as const;
  const line = { box, words: words.map((text) => ({ text, box, confidence: 90 })) };
  const image = { widthPx: 100, heightPx: 100, dpi: 300, toPoints: [1, 0, 0, -1, 0, 100] as const };
  return { pageNumber, state: 'done', image, blocks: [{ box, paragraphs: [{ box, direction: 'ltr', lines: [line] }] }] };
}

describe('the formats', () => {
  it.each(FORMATS)('%s is as it was', async (format) => {
    await expect(await write(format, PAGES)).toMatchFileSnapshot(`golden/sample.${format}`);
  });

  it('hold every page in order, whatever is in it', async () => {
    const documents = fc.array(fc.array(fc.string({ unit: 'binary', maxLength: 12 }), { maxLength: 6 }), { minLength: 1, maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(documents, async (texts) => {
        const pages = texts.map((words, index) => pageOf(index + 1, words));
        const text = await write('txt', pages);
        expect(text.split('\f')).toHaveLength(pages.length);
        expect(text.endsWith('\n')).toBe(true);
        const numbers = (await write('jsonl', pages)).trim().split('\n').map((line) => (JSON.parse(line) as { pageNumber: number }).pageNumber);
        expect(numbers).toEqual(pages.map(({ pageNumber }) => pageNumber));
        const rows = (await write('tsv', pages)).split('\n').slice(0, -1);
        expect(rows.every((row) => row.split('\t').length === 12)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('keep what a page says apart from what the next one says', async () => {
    const text = await write('txt', [pageOf(1, ['one']), { pageNumber: 2, state: 'blank', blocks: [] }, pageOf(3, ['three'])]);
    expect(text).toBe('one\n\f\n\fthree\n');
  });

  it('stream: a document of 2,000 pages is never held whole', async () => {
    let produced = 0;
    let ahead = 0;
    async function* many(): AsyncGenerator<PageResult> {
      for (let n = 1; n <= 2_000; n++) {
        produced = n;
        yield await Promise.resolve(pageOf(n, ['word']));
      }
    }
    for (const format of FORMATS) {
      let parts = 0;
      produced = 0;
      for await (const part of writeFormat(format, HEADER, many())) {
        if (!part.includes('>word<') && !/word(?!_)/.test(part)) continue;
        parts++;
        ahead = Math.max(ahead, produced - parts);
      }
      expect(parts, format).toBeGreaterThanOrEqual(2_000);
    }
    expect(ahead).toBeLessThanOrEqual(1);
  });
});

describe.skipIf(need.skip)(`the XML formats, by xmllint${need.skip ? ` (${need.reason})` : ''}`, () => {
  function lint(name: string, text: string, ...args: string[]): string {
    const file = join(folder, name);
    writeFileSync(file, text);
    return execFileSync('xmllint', ['--nonet', '--noout', ...args, file], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  }

  it('ALTO is valid, with every kind of page', async () => {
    expect(lint('sample.alto.xml', await write('alto', PAGES), '--schema', XSD)).toBe('');
  });

  it('the schema can tell what is not', async () => {
    const alto = await write('alto', PAGES);
    for (const [from, to] of [['PHYSICAL_IMG_NR="1"', ''], ['WC="0.913"', 'WC="91"'], ['<SP', '<SPACE'], ['ID="p2"', 'ID="p1"']] as const) {
      expect(alto).toContain(from);
      expect(() => lint('bad.alto.xml', alto.replace(from, to), '--schema', XSD), from).toThrow(/fails to validate|parser error/);
    }
  });

  it('hOCR is well-formed, with boxes that lie in each other', async () => {
    const hocr = await write('hocr', PAGES);
    expect(lint('sample.hocr', hocr)).toBe('');
    expect(hocr.match(/class="ocr_page"/g)).toHaveLength(5);
    for (const meta of ['ocr-system', 'ocr-capabilities']) expect(hocr).toContain(`<meta name="${meta}"`);
    for (const [, left, top, right, bottom] of hocr.matchAll(/bbox (\d+) (\d+) (\d+) (\d+)/g)) {
      expect(Number(left)).toBeLessThanOrEqual(Number(right));
      expect(Number(top)).toBeLessThanOrEqual(Number(bottom));
      expect(Number(right)).toBeLessThanOrEqual(1_000);
      expect(Number(bottom)).toBeLessThanOrEqual(1_400);
    }
  });

  it('whatever the words are, both are well-formed and give them back', async () => {
    const words = fc.sample(fc.string({ unit: 'binary', minLength: 1, maxLength: 15 }), { numRuns: 300, seed: 1 });
    expect(lint('any.hocr', await write('hocr', [pageOf(1, words)]))).toBe('');
    expect(lint('any.alto.xml', await write('alto', [pageOf(1, words)]), '--schema', XSD)).toBe('');
    const plain = ['a<b', '&amp;', '"quoted"', "it's", 'Straße', '𒀭'];
    writeFileSync(join(folder, 'plain.alto.xml'), await write('alto', [pageOf(1, plain)]));
    const count = execFileSync('xmllint', ['--nonet', '--xpath', 'string(//*[local-name()="String"][4]/@CONTENT)', join(folder, 'plain.alto.xml')], { encoding: 'utf8' });
    expect(count.trim()).toBe("it's");
  });
});
