import type { BoxPx } from '../core/geometry.ts';
import type { Block, Line, Paragraph, RecognizedPage, Word } from '../core/page.ts';

/** What an element of hOCR stands for, by its class; anything else only carries text. */
const KINDS: Readonly<Record<string, 'block' | 'paragraph' | 'line' | 'word'>> = {
  ocr_carea: 'block',
  ocr_par: 'paragraph',
  ocr_line: 'line',
  ocr_header: 'line',
  ocr_caption: 'line',
  ocr_textfloat: 'line',
  ocrx_word: 'word',
};

/** Elements that have no end tag in XHTML 1.0 even where a writer forgets the slash. */
const EMPTY_ELEMENTS = new Set(['meta', 'br', 'hr', 'img', 'link']);

/** Deepest nesting that is followed; Tesseract's is seven. */
const MAX_DEPTH = 64;

const NO_BOX: BoxPx = [0, 0, 0, 0];

/**
 * Reads hOCR as Tesseract writes it: blocks, paragraphs, lines and words of all its pages, in order. Words without text
 * are left out, and lines, paragraphs and blocks without words. Never throws: what is cut off is missing. Linear in time.
 */
export function parseHocr(hocr: string): RecognizedPage {
  const builder = new PageBuilder();
  let at = 0;
  for (;;) {
    const open = hocr.indexOf('<', at);
    if (open < 0) break;
    if (open > at) builder.addText(hocr.slice(at, open));
    if (hocr.startsWith('<!--', open)) {
      const end = hocr.indexOf('-->', open);
      if (end < 0) break;
      at = end + 3;
      continue;
    }
    const close = endOfTag(hocr, open + 1);
    if (close < 0) break;
    builder.addTag(hocr.slice(open + 1, close));
    at = close + 1;
  }
  return { blocks: builder.finish() };
}

/** A quoted attribute may hold `>`. */
function endOfTag(text: string, from: number): number {
  let quote = '';
  for (let at = from; at < text.length; at++) {
    const character = text[at]!;
    if (quote !== '') {
      if (character === quote) quote = '';
    } else if (character === '>') return at;
    else if (character === '"' || character === "'") quote = character;
  }
  return -1;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type OpenBlock = Mutable<Block> & { paragraphs: OpenParagraph[] };
type OpenParagraph = Mutable<Paragraph> & { lines: OpenLine[] };
type OpenLine = Mutable<Line> & { words: Word[] };

class PageBuilder {
  readonly #blocks: OpenBlock[] = [];
  /** Kinds of the open elements; undefined for those that stand for nothing. */
  readonly #open: (string | undefined)[] = [];
  #depthBeyond = 0;
  #block: OpenBlock | undefined;
  #paragraph: OpenParagraph | undefined;
  #line: OpenLine | undefined;
  #word: (Omit<Word, 'text'> & { text: string }) | undefined;

  addText(text: string): void {
    if (this.#word) this.#word.text += text;
  }

  addTag(tag: string): void {
    if (tag.startsWith('!') || tag.startsWith('?')) return;
    if (tag.startsWith('/')) {
      this.#close();
      return;
    }
    const name = /^[\w:-]+/.exec(tag)?.[0]?.toLowerCase() ?? '';
    if (tag.endsWith('/') || EMPTY_ELEMENTS.has(name)) return;
    if (this.#open.length >= MAX_DEPTH) {
      this.#depthBeyond++;
      return;
    }
    const kind = KINDS[attribute(tag, 'class')];
    this.#open.push(kind);
    if (kind) this.#start(kind, tag);
  }

  #start(kind: 'block' | 'paragraph' | 'line' | 'word', tag: string): void {
    const title = decodeEntities(attribute(tag, 'title'));
    const box = parseBox(title);
    if (kind === 'word') {
      this.#word = { text: '', box, confidence: parseConfidence(title) };
    } else if (kind === 'line') {
      this.#line = { box, words: [], ...baselineOf(title) };
      this.#paragraphFor(box).lines.push(this.#line);
    } else if (kind === 'paragraph') {
      this.#paragraph = { box, direction: attribute(tag, 'dir') === 'rtl' ? 'rtl' : 'ltr', lines: [] };
      this.#blockFor(box).paragraphs.push(this.#paragraph);
    } else {
      this.#block = { box, paragraphs: [] };
      this.#blocks.push(this.#block);
    }
  }

  /** Elements that stand outside their usual parent get one of their own. */
  #blockFor(box: BoxPx): OpenBlock {
    if (!this.#block) this.#start('block', `div title="bbox ${box.join(' ')}"`);
    return this.#block!;
  }

  #paragraphFor(box: BoxPx): OpenParagraph {
    if (!this.#paragraph) this.#start('paragraph', `p title="bbox ${box.join(' ')}"`);
    return this.#paragraph!;
  }

  #close(): void {
    if (this.#depthBeyond > 0) {
      this.#depthBeyond--;
      return;
    }
    const kind = this.#open.pop();
    if (kind === 'word') this.#endWord();
    else if (kind === 'line') this.#line = undefined;
    else if (kind === 'paragraph') this.#paragraph = undefined;
    else if (kind === 'block') this.#block = undefined;
  }

  #endWord(): void {
    const word = this.#word;
    this.#word = undefined;
    if (!word) return;
    const text = decodeEntities(word.text).replace(/\s+/gu, ' ').trim();
    if (text === '') return;
    if (!this.#line) {
      this.#start('line', `span title="bbox ${word.box.join(' ')}"`);
      this.#line!.words.push({ ...word, text });
      this.#line = undefined;
      return;
    }
    this.#line.words.push({ ...word, text });
  }

  finish(): Block[] {
    const blocks = this.#blocks.map((block) => ({
      ...block,
      paragraphs: block.paragraphs
        .map((paragraph) => ({ ...paragraph, lines: paragraph.lines.filter((line) => line.words.length > 0) }))
        .filter((paragraph) => paragraph.lines.length > 0),
    }));
    return blocks.filter((block) => block.paragraphs.length > 0);
  }
}

const ATTRIBUTES: Readonly<Record<'class' | 'title' | 'dir', RegExp>> = {
  class: /\sclass\s*=\s*(?:'([^']*)'|"([^"]*)")/,
  title: /\stitle\s*=\s*(?:'([^']*)'|"([^"]*)")/,
  dir: /\sdir\s*=\s*(?:'([^']*)'|"([^"]*)")/,
};

function attribute(tag: string, name: keyof typeof ATTRIBUTES): string {
  const found = ATTRIBUTES[name].exec(tag);
  return found?.[1] ?? found?.[2] ?? '';
}

function parseBox(title: string): BoxPx {
  const found = /\bbbox\s+(-?\d+)\s+(-?\d+)\s+(-?\d+)\s+(-?\d+)/.exec(title);
  return found ? [Number(found[1]), Number(found[2]), Number(found[3]), Number(found[4])] : NO_BOX;
}

function parseConfidence(title: string): number {
  const confidence = Number(/\bx_wconf\s+(-?[\d.]+)/.exec(title)?.[1] ?? 0);
  return Math.min(100, Math.max(0, confidence));
}

function baselineOf(title: string): Pick<Line, 'baseline'> {
  const found = /\bbaseline\s+(-?[\d.]+(?:e-?\d+)?)\s+(-?[\d.]+)/.exec(title);
  return found ? { baseline: [Number(found[1]), Number(found[2])] } : {};
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00A0' };

/** Replaces entities; those it does not know stay as they are. */
export function decodeEntities(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&(?:#(\d{1,7})|#[xX]([\da-fA-F]{1,6})|(\w{2,8}));/g, (whole, decimal, hex, name) => {
    if (name !== undefined) return ENTITIES[String(name)] ?? whole;
    const code = decimal === undefined ? Number.parseInt(String(hex), 16) : Number(decimal);
    return code > 0 && code <= 0x10_ff_ff && !(code >= 0xd8_00 && code <= 0xdf_ff) ? String.fromCodePoint(code) : whole;
  });
}
