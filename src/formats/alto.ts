import { displayPage, type DisplayedPage } from '../core/displayed-page.ts';
import type { BoxPx } from '../core/geometry.ts';
import type { Line, PageResult, Paragraph, Word } from '../core/page.ts';
import type { DocumentHeader } from './document-header.ts';
import { wordText } from './plain-text.ts';
import { languageTags, xmlText } from './xml-text.ts';

/**
 * Writes a document as ALTO 4.2 (www.loc.gov/standards/alto): one file with a Page for each page, a page at a time. Units
 * are pixels of the page image as displayed; a paragraph is a TextBlock; WC is our confidence divided by 100.
 */
export async function* writeAlto(header: DocumentHeader, pages: AsyncIterable<PageResult>): AsyncGenerator<string> {
  const { engine, engineVersion, programVersion, language } = header;
  const namespace = 'http://www.loc.gov/standards/alto/ns-v4#';
  yield [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<alto xmlns="${namespace}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"` +
      ` xsi:schemaLocation="${namespace} http://www.loc.gov/standards/alto/v4/alto-4-2.xsd" SCHEMAVERSION="4.2">`,
    '<Description>',
    '<MeasurementUnit>pixel</MeasurementUnit>',
    `<sourceImageInformation><fileName>${xmlText(header.documentPath)}</fileName>` +
      `<fileIdentifier fileIdentifierLocation="sha1">${header.sha1}</fileIdentifier></sourceImageInformation>`,
    '<Processing ID="ocr"><processingCategory>contentGeneration</processingCategory>' +
      `<processingStepSettings>${xmlText(`engine ${engine} ${engineVersion}; language ${language}`)}</processingStepSettings>` +
      `<processingSoftware><softwareName>ocr-pipeline</softwareName><softwareVersion>${xmlText(programVersion)}</softwareVersion></processingSoftware></Processing>`,
    '</Description>',
    '<Layout>',
    '',
  ].join('\n');
  const tag = languageTags(language)[0];
  const lang = tag === undefined ? '' : ` LANG="${tag}"`;
  for await (const page of pages) yield pageElement(page, lang);
  yield '</Layout>\n</alto>\n';
}

function pageElement(page: PageResult, lang: string): string {
  const shown = displayPage(page);
  const n = page.pageNumber;
  const paragraphs = page.blocks
    .flatMap((block) => block.paragraphs)
    .filter(({ lines }) => lines.some(({ words }) => words.length > 0));
  const blocks = paragraphs.map((paragraph, index) => blockElement(paragraph, shown, `p${n}_b${index + 1}`, lang));
  const confidence = page.confidence === undefined ? '' : ` PC="${share(page.confidence)}"`;
  // Text that was in the PDF is not of our making.
  const processed = page.state === 'done' || page.state === 'blank' ? ' PROCESSINGREFS="ocr"' : '';
  const size = `WIDTH="${shown.widthPx}" HEIGHT="${shown.heightPx}"`;
  return (
    `<Page ID="p${n}" PHYSICAL_IMG_NR="${n}" ${size}${confidence}${processed}>` +
    `<PrintSpace HPOS="0" VPOS="0" ${size}>\n${blocks.join('')}</PrintSpace></Page>\n`
  );
}

function blockElement(paragraph: Paragraph, shown: DisplayedPage, id: string, lang: string): string {
  const rotation = shown.textAngleDeg === 0 ? '' : ` ROTATION="${shown.textAngleDeg}"`;
  const lines = paragraph.lines
    .filter(({ words }) => words.length > 0)
    .map((line, index) => lineElement(line, shown, `${id}_l${index + 1}`));
  return `<TextBlock ID="${id}" ${position(shown.place(paragraph.box))}${rotation}${lang}>\n${lines.join('')}</TextBlock>\n`;
}

function lineElement(line: Line, shown: DisplayedPage, id: string): string {
  const ends = shown.baseline(line);
  const baseline = ends ? ` BASELINE="${ends.map(([x, y]) => `${Math.round(x)},${Math.round(y)}`).join(' ')}"` : '';
  const parts: string[] = [];
  let before: BoxPx | undefined;
  for (const [index, word] of line.words.entries()) {
    const box = shown.place(word.box);
    if (before) parts.push(spaceElement(before, box, shown.textAngleDeg));
    parts.push(stringElement(word, box, `${id}_s${index + 1}`));
    before = box;
  }
  return `<TextLine ID="${id}" ${position(shown.place(line.box))}${baseline}>${parts.join('')}</TextLine>\n`;
}

function stringElement(word: Word, box: BoxPx, id: string): string {
  return `<String ID="${id}" ${position(box)} WC="${share(word.confidence)}" CONTENT="${xmlText(wordText(word.text))}"/>`;
}

/** The gap between two words; its place is told only where text runs as the page does. */
function spaceElement(left: BoxPx, right: BoxPx, textAngleDeg: number): string {
  if (textAngleDeg !== 0) return '<SP/>';
  const [from, to] = left[0] <= right[0] ? [left[2], right[0]] : [right[2], left[0]];
  return `<SP HPOS="${from}" VPOS="${Math.min(left[1], right[1])}" WIDTH="${Math.max(0, to - from)}"/>`;
}

function position([left, top, right, bottom]: BoxPx): string {
  return `HPOS="${left}" VPOS="${top}" WIDTH="${right - left}" HEIGHT="${bottom - top}"`;
}

/** A confidence as ALTO has it, 0 to 1. */
function share(confidence: number): string {
  return (Math.min(100, Math.max(0, confidence)) / 100).toFixed(3);
}
