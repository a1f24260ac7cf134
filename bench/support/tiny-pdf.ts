/** Pixels of the image on each page: 1 bit each, so a page costs a few hundred bytes. */
const WIDTH_PX = 64;
const HEIGHT_PX = 64;

/**
 * A small valid PDF of so many scanned pages: each is one 1-bit image of its own that shows a bar whose place tells the page
 * and the document, so that no two pages are alike.
 */
export function tinyPdf(documentNumber: number, pages: number): Buffer {
  const parts: Buffer[] = [Buffer.from('%PDF-1.4\n%\u00e2\u00e3\u00cf\u00d3\n', 'latin1')];
  const offsets: number[] = [];
  let length = parts[0]?.length ?? 0;
  const add = (body: string | Buffer): void => {
    const part = typeof body === 'string' ? Buffer.from(body, 'latin1') : body;
    parts.push(part);
    length += part.length;
  };
  const addObject = (...bodies: readonly (string | Buffer)[]): void => {
    offsets.push(length);
    add(`${offsets.length} 0 obj\n`);
    for (const body of bodies) add(body);
    add('\nendobj\n');
  };
  const kids = Array.from({ length: pages }, (_, index) => `${3 + index * 3} 0 R`).join(' ');
  addObject('<</Type/Catalog/Pages 2 0 R>>');
  addObject(`<</Type/Pages/Count ${pages}/Kids[${kids}]>>`);
  for (let index = 0; index < pages; index++) {
    const first = 3 + index * 3;
    const pixels = barImage(documentNumber * pages + index);
    const content = 'q 100 0 0 100 0 0 cm /I Do Q';
    addObject(
      `<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]/Contents ${first + 1} 0 R/Resources<</XObject<</I ${first + 2} 0 R>>>>>>`,
    );
    addObject(`<</Length ${content.length}>>stream\n${content}\nendstream`);
    const entries = `/Width ${WIDTH_PX}/Height ${HEIGHT_PX}/BitsPerComponent 1/ColorSpace/DeviceGray`;
    addObject(`<</Type/XObject/Subtype/Image${entries}/Length ${pixels.length}>>stream\n`, pixels, '\nendstream');
  }
  const start = length;
  const table = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('');
  add(`xref\n0 ${offsets.length + 1}\n0000000000 65535 f \n${table}`);
  add(`trailer\n<</Size ${offsets.length + 1}/Root 1 0 R>>\nstartxref\n${start}\n%%EOF\n`);
  return Buffer.concat(parts);
}

/** White, with the bits of a number as black bars: enough ink not to be called blank. */
function barImage(number: number): Buffer {
  const rowBytes = WIDTH_PX / 8;
  const pixels = Buffer.alloc(rowBytes * HEIGHT_PX, 0xff);
  for (let bit = 0; bit < 28; bit++) {
    const width = (number >> bit) & 1 ? rowBytes - 2 : 3;
    pixels.fill(0, (4 + bit * 2) * rowBytes + 1, (4 + bit * 2) * rowBytes + 1 + width);
  }
  return pixels;
}
