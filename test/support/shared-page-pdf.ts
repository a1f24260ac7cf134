/** Digits that tell documents apart. */
const NUMBER_DIGITS = 9;

/**
 * A valid PDF of many pages and few bytes, about a hundred a page: all pages show the same small scan. Documents of
 * different numbers have different bytes.
 */
export function sharedPagePdf(documentNumber: number, pages: number): Buffer {
  let text = `%PDF-1.4\n%${String(documentNumber).padStart(NUMBER_DIGITS, '0')}\n`;
  const offsets: number[] = [];
  const add = (body: string): void => {
    offsets.push(text.length);
    text += `${offsets.length} 0 obj\n${body}\nendobj\n`;
  };
  const content = 'q 100 0 0 100 0 0 cm /I Do Q';
  const pixels = '00'.repeat(16) + 'ff'.repeat(112);
  const kids = Array.from({ length: pages }, (_, index) => `${6 + index} 0 R`).join(' ');
  add('<</Type/Catalog/Pages 2 0 R>>');
  add(`<</Type/Pages/Count ${pages}/Kids[${kids}]>>`);
  add(`<</Length ${content.length}>>stream\n${content}\nendstream`);
  add(
    `<</Type/XObject/Subtype/Image/Width 32/Height 32/BitsPerComponent 1/ColorSpace/DeviceGray/Filter/ASCIIHexDecode/Length ${pixels.length + 1}>>` +
      `stream\n${pixels}>\nendstream`,
  );
  add('<</XObject<</I 4 0 R>>>>');
  for (let page = 0; page < pages; page++)
    add('<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]/Contents 3 0 R/Resources 5 0 R>>');
  const start = text.length;
  text += `xref\n0 ${offsets.length + 1}\n0000000000 65535 f \n${offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('')}`;
  text += `trailer\n<</Size ${offsets.length + 1}/Root 1 0 R>>\nstartxref\n${start}\n%%EOF\n`;
  return Buffer.from(text, 'latin1');
}
