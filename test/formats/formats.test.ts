import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { PageResult } from '../../src/core/page.ts';
import type { OutputFormat } from '../../src/core/settings.ts';
import { wordText } from '../../src/formats/plain-text.ts';
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
  return {
    pageNumber,
    state: 'done',
    image,
    blocks: [{ box, paragraphs: [{ box, direction: 'ltr', lines: [line] }] }],
  };
}

describe('the formats', () => {
  it.each(FORMATS)('%s is as it was', async (format) => {
    await expect(await write(format, PAGES)).toMatchFileSnapshot(`golden/sample.${format}`);
  });

  it('hold every page in order, whatever is in it', async () => {
    const documents = fc.array(fc.array(fc.string({ unit: 'binary', maxLength: 12 }), { maxLength: 6 }), {
      minLength: 1,
      maxLength: 30,
    });
    await fc.assert(
      fc.asyncProperty(documents, async (texts) => {
        const pages = texts.map((words, index) => pageOf(index + 1, words));
        const text = await write('txt', pages);
        expect(text.split('\f')).toHaveLength(pages.length);
        expect(text.endsWith('\n')).toBe(true);
        const numbers = (await write('jsonl', pages))
          .trim()
          .split('\n')
          .map((line) => (JSON.parse(line) as { pageNumber: number }).pageNumber);
        expect(numbers).toEqual(pages.map(({ pageNumber }) => pageNumber));
        const rows = (await write('tsv', pages)).split('\n').slice(0, -1);
        expect(rows.every((row) => row.split('\t').length === 12)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('keep what a page says apart from what the next one says', async () => {
    const text = await write('txt', [
      pageOf(1, ['one']),
      { pageNumber: 2, state: 'blank', blocks: [] },
      pageOf(3, ['three']),
    ]);
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
    return execFileSync('xmllint', ['--nonet', '--noout', ...args, file], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  it('ALTO is valid, with every kind of page', async () => {
    expect(lint('sample.alto.xml', await write('alto', PAGES), '--schema', XSD)).toBe('');
  });

  it('the schema can tell what is not', async () => {
    const alto = await write('alto', PAGES);
    const wrongs = [
      ['PHYSICAL_IMG_NR="1"', ''],
      ['BASELINE="100,132 560,137"', 'BASELINE="0.01 -8"'],
      ['HPOS="100" VPOS="100" WIDTH="460"', 'HPOS="100" VPOS="100"'],
      ['<SP/>', '<SP/><SP/>'],
      ['LANG="de"', 'LANG="de_DE"'],
      ['WC="0.913"', 'WC="91"'],
      ['<SP', '<SPACE'],
      ['ID="p2"', 'ID="p1"'],
    ] as const;
    for (const [from, to] of wrongs) {
      expect(alto).toContain(from);
      expect(() => lint('bad.alto.xml', alto.replace(from, to), '--schema', XSD), from).toThrow(
        /fails to validate|parser error/,
      );
    }
  });

  it('hOCR is well-formed and keeps the rules of hOCR 1.2', async () => {
    const hocr = await write('hocr', PAGES);
    expect(lint('sample.hocr', hocr)).toBe('');
    const elements = readHocr(hocr);
    expect(elements.filter(({ kind }) => kind === 'ocr_page')).toHaveLength(PAGES.length);
    expect(new Set(elements.map(({ id }) => id)).size).toBe(elements.length);
    const parents = {
      ocr_page: undefined,
      ocr_carea: 'ocr_page',
      ocr_par: 'ocr_carea',
      ocr_line: 'ocr_par',
      ocrx_word: 'ocr_line',
    };
    const capabilities = /<meta name="ocr-capabilities" content="([^"]*)"/.exec(hocr)?.[1]?.split(' ') ?? [];
    expect(hocr).toContain('<meta name="ocr-system"');
    for (const { id, kind, box, parent } of elements) {
      expect(parent?.kind, id).toBe(parents[kind]);
      expect(capabilities).toContain(kind);
      const [left, top, right, bottom] = box;
      expect(left <= right && top <= bottom, id).toBe(true);
      if (!parent) continue;
      expect(
        left >= parent.box[0] && top >= parent.box[1] && right <= parent.box[2] && bottom <= parent.box[3],
        `${id} lies in ${parent.id}`,
      ).toBe(true);
    }
  });

  it('whatever the words are, a reader gets them back', async () => {
    const anything = fc.sample(fc.string({ unit: 'binary', minLength: 1, maxLength: 15 }), { numRuns: 300, seed: 1 });
    const hostile = [
      'a<b',
      '&amp;',
      '"quoted"',
      "it's",
      'Straße',
      '𒀭',
      ']]>',
      '<!--',
      'e\u0301',
      '\ud800',
      '\ufffe',
      'a\tb',
    ];
    const words = [...anything, ...hostile];
    const given = words.map((word) =>
      wordText(word)
        .replaceAll(/[\ufffe\uffff]/g, '')
        .replaceAll(/\p{Surrogate}/gu, '\ufffd'),
    );
    expect(lint('any.alto.xml', await write('alto', [pageOf(1, words)]), '--schema', XSD)).toBe('');
    expect(
      query('any.alto.xml', '//*[local-name()="String"]/@CONTENT').map(
        (found) => / CONTENT="(.*)"/.exec(found)?.[1] ?? '',
      ),
    ).toEqual(given);
    expect(lint('any.hocr', await write('hocr', [pageOf(1, words)]))).toBe('');
    expect(
      query('any.hocr', '//*[@class="ocrx_word"]').map((found) => />(.*)<\/span>|\/>$/.exec(found)?.[1] ?? ''),
    ).toEqual(given);
  });

  /** What xmllint finds, one match a line, with its entities resolved. */
  function query(name: string, path: string): string[] {
    const found = execFileSync('xmllint', ['--nonet', '--noenc', '--xpath', path, join(folder, name)], {
      encoding: 'utf8',
    });
    return found
      .trimEnd()
      .split('\n')
      .map((match) => decode(match));
  }
});

/** One element of hOCR with the one it is in. */
interface HocrElement {
  readonly id: string;
  readonly kind: 'ocr_page' | 'ocr_carea' | 'ocr_par' | 'ocr_line' | 'ocrx_word';
  readonly box: readonly [number, number, number, number];
  readonly parent: HocrElement | undefined;
}

function readHocr(hocr: string): HocrElement[] {
  const elements: HocrElement[] = [];
  const open: HocrElement[] = [];
  for (const [tag, close, , kind, id, title] of hocr.matchAll(
    /<(\/?)(div|p|span)(?: class="([a-z_]+)" id="([^"]*)"[^>]* title="([^"]*)")?>/g,
  )) {
    if (close !== '') open.pop();
    else {
      const [left = NaN, top = NaN, right = NaN, bottom = NaN] =
        /bbox (\d+) (\d+) (\d+) (\d+)(?:;|$)/
          .exec(title ?? '')
          ?.slice(1)
          .map(Number) ?? [];
      expect(Number.isNaN(bottom), tag).toBe(false);
      const element: HocrElement = {
        id: id ?? '',
        kind: kind as HocrElement['kind'],
        box: [left, top, right, bottom],
        parent: open.at(-1),
      };
      elements.push(element);
      open.push(element);
    }
  }
  return elements;
}

function decode(text: string): string {
  const named: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };
  return text.replaceAll(/&(?:#(\d+)|#x([0-9A-Fa-f]+)|(\w+));/g, (_, decimal?: string, hex?: string, name?: string) =>
    name === undefined
      ? String.fromCodePoint(decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal))
      : (named[name] ?? ''),
  );
}
