import { displayPage, type DisplayedPage } from '../core/displayed-page.ts';
import type { BoxPx } from '../core/geometry.ts';
import type { Block, Line, PageResult, Paragraph } from '../core/page.ts';
import type { DocumentHeader } from './document-header.ts';
import { wordText } from './plain-text.ts';
import { languageTags, xmlText } from './xml-text.ts';

/**
 * Writes a document as hOCR 1.2 (kba.github.io/hocr-spec/1.2): XHTML, a page at a time. Boxes are pixels of the page image
 * as displayed; text that lies turned on the page has `textangle`.
 */
export async function* writeHocr(header: DocumentHeader, pages: AsyncIterable<PageResult>): AsyncGenerator<string> {
  const tags = languageTags(header.language);
  const lang = tags[0] ?? 'und';
  yield [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">',
    `<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="${lang}" lang="${lang}">`,
    '<head>',
    `<title>${xmlText(header.documentPath)}</title>`,
    '<meta http-equiv="Content-Type" content="text/html; charset=utf-8" />',
    `<meta name="ocr-system" content="${xmlText(`ocr-pipeline ${header.programVersion}, ${header.engine} ${header.engineVersion}`)}" />`,
    '<meta name="ocr-capabilities" content="ocr_page ocr_carea ocr_par ocr_line ocrx_word ocrp_lang ocrp_dir ocrp_wconf" />',
    `<meta name="ocr-number-of-pages" content="${header.pageCount}" />`,
    `<meta name="ocr-langs" content="${tags.join(' ')}" />`,
    '</head>',
    '<body>',
    '',
  ].join('\n');
  for await (const page of pages) yield pageElement(header, page);
  yield '</body>\n</html>\n';
}

function pageElement(header: DocumentHeader, page: PageResult): string {
  const shown = displayPage(page);
  const n = page.pageNumber;
  const image = xmlText(`"${header.documentPath.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`);
  const resolution = shown.dpi > 0 ? `; scan_res ${shown.dpi} ${shown.dpi}` : '';
  const title = `image ${image}; bbox 0 0 ${shown.widthPx} ${shown.heightPx}; ppageno ${n - 1}${resolution}`;
  const blocks = page.blocks.map((block, index) => blockElement(block, shown, `${n}_${index + 1}`));
  return `<div class="ocr_page" id="page_${n}" title="${title}">\n${blocks.join('')}</div>\n`;
}

function blockElement(block: Block, shown: DisplayedPage, id: string): string {
  const paragraphs = block.paragraphs.map((paragraph, index) =>
    paragraphElement(paragraph, shown, `${id}_${index + 1}`),
  );
  return ` <div class="ocr_carea" id="block_${id}" title="${bbox(shown.place(block.box))}">\n${paragraphs.join('')} </div>\n`;
}

function paragraphElement(paragraph: Paragraph, shown: DisplayedPage, id: string): string {
  const lines = paragraph.lines.map((line, index) => lineElement(line, shown, `${id}_${index + 1}`));
  return `  <p class="ocr_par" id="par_${id}" dir="${paragraph.direction}" title="${bbox(shown.place(paragraph.box))}">\n${lines.join('')}  </p>\n`;
}

function lineElement(line: Line, shown: DisplayedPage, id: string): string {
  const box = shown.place(line.box);
  const words = line.words.map((word, index) => {
    const title = `${bbox(shown.place(word.box))}; x_wconf ${Math.round(word.confidence)}`;
    return `    <span class="ocrx_word" id="word_${id}_${index + 1}" title="${title}">${xmlText(wordText(word.text))}</span>`;
  });
  return `   <span class="ocr_line" id="line_${id}" title="${bbox(box)}${lineProperties(line, box, shown)}">\n${words.join('\n')}\n   </span>\n`;
}

function lineProperties(line: Line, box: BoxPx, shown: DisplayedPage): string {
  if (shown.textAngleDeg !== 0) return `; textangle ${shown.textAngleDeg}`;
  const ends = shown.baseline(line);
  if (!ends) return '';
  const [[x0, y0], [x1, y1]] = ends;
  const slope = x1 === x0 ? 0 : (y1 - y0) / (x1 - x0);
  // hOCR's baseline begins at the lower left corner of the box.
  const offset = Math.round(y0 + slope * (box[0] - x0) - box[3]);
  return `; baseline ${round(slope)} ${offset}`;
}

function round(slope: number): number {
  return Math.round(slope * 1_000) / 1_000 + 0;
}

function bbox(box: BoxPx): string {
  return `bbox ${box.join(' ')}`;
}
