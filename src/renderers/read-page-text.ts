import type { PDFPageProxy } from 'pdfjs-dist';
import { countLettersAndDigits, type PageText } from '../core/text-layer.ts';
import { wordsOf, type Block } from '../core/page.ts';
import { layOutText, type TextRun } from './lay-out-text.ts';
import { measureImageShare, measureVisibleShare, type PageContent } from './page-content.ts';
import { frameAt, type PagePlace } from './page-frame.ts';

/** More text than any page holds; a hostile file's is cut. */
const MAX_RUNS = 500_000;

/** Characters that mean nothing to a reader: replacement, private use, control, unassigned. */
const UNREADABLE = /[\uFFFD\p{Co}\p{Cc}\p{Cn}]/u;

/** What is known of a page's text when its content shows none. */
export function describeTextlessPage(content: PageContent, place: PagePlace): PageText {
  return summarize([], content, place);
}

/** Reads a page's text by pdf.js and adds what its content tells of it. */
export async function readPageText(page: PDFPageProxy, content: PageContent, place: PagePlace): Promise<PageText> {
  const { items, styles } = await page.getTextContent();
  const runs = items.filter((item) => 'str' in item).slice(0, MAX_RUNS) as TextRun[];
  return summarize(layOutText(runs, styles, frameAt(place, 72)), content, place);
}

function summarize(blocks: readonly Block[], content: PageContent, place: PagePlace): PageText {
  const frame = frameAt(place, 72);
  const lines = blocks.flatMap((block) => block.paragraphs.flatMap((paragraph) => paragraph.lines));
  let letters = 0;
  let characters = 0;
  let unreadable = 0;
  for (const { text } of wordsOf({ blocks })) {
    letters += countLettersAndDigits(text);
    for (const character of text) {
      characters++;
      if (UNREADABLE.test(character)) unreadable++;
    }
  }
  const visibleCharacters = Math.round(letters * measureVisibleShare(content, place.box));
  const top = Math.min(...lines.map((line) => line.box[1]));
  const bottom = Math.max(...lines.map((line) => line.box[3]));
  return {
    blocks,
    image: { ...frame, dpi: 72 },
    visibleCharacters,
    invisibleCharacters: letters - visibleCharacters,
    unreadableShare: characters === 0 ? 0 : unreadable / characters,
    imageShare: measureImageShare(content, place.box),
    textSpread: lines.length === 0 ? 0 : Math.min(1, Math.max(0, (bottom - top) / frame.heightPx)),
    lineCount: lines.length,
  };
}
