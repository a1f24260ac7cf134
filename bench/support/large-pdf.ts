import { closeSync, openSync, writeSync } from 'node:fs';

/** Grey pixels of each page, one byte each: half a megabyte. */
const WIDTH_PX = 850;
const HEIGHT_PX = 620;
/** Points of the page: 300 pixels an inch. */
const WIDTH_PT = (WIDTH_PX * 72) / 300;
const HEIGHT_PT = (HEIGHT_PX * 72) / 300;
/** Pixels of a letter's place. */
const LETTER_PX = 20;
const STROKE_PX = 5;

/**
 * Writes a valid PDF of so many scanned pages, half a megabyte each, not compressed: grey paper with bars for letters whose
 * places tell the page, so that no two pages are alike. A page at a time is in memory.
 */
export function writeLargePdf(file: string, pages: number): void {
  const output = openSync(file, 'w');
  try {
    const offsets: number[] = [];
    let length = 0;
    const add = (body: string | Buffer): void => {
      const bytes = typeof body === 'string' ? Buffer.from(body, 'latin1') : body;
      for (let from = 0; from < bytes.length;) from += writeSync(output, bytes, from);
      length += bytes.length;
    };
    const addObject = (...bodies: readonly (string | Buffer)[]): void => {
      offsets.push(length);
      add(`${offsets.length} 0 obj\n`);
      for (const body of bodies) add(body);
      add('\nendobj\n');
    };
    add('%PDF-1.4\n%\u00e2\u00e3\u00cf\u00d3\n');
    const kids = Array.from({ length: pages }, (_, index) => `${3 + index * 3} 0 R`).join(' ');
    addObject('<</Type/Catalog/Pages 2 0 R>>');
    addObject(`<</Type/Pages/Count ${pages}/Kids[${kids}]>>`);
    const content = `q ${WIDTH_PT} 0 0 ${HEIGHT_PT} 0 0 cm /I Do Q`;
    const entries = `/Width ${WIDTH_PX}/Height ${HEIGHT_PX}/BitsPerComponent 8/ColorSpace/DeviceGray`;
    for (let index = 0; index < pages; index++) {
      const [first, pixels] = [3 + index * 3, drawBars(index)];
      const resources = `/Resources<</XObject<</I ${first + 2} 0 R>>>>`;
      addObject(
        `<</Type/Page/Parent 2 0 R/MediaBox[0 0 ${WIDTH_PT} ${HEIGHT_PT}]/Contents ${first + 1} 0 R${resources}>>`,
      );
      addObject(`<</Length ${content.length}>>stream\n${content}\nendstream`);
      addObject(`<</Type/XObject/Subtype/Image${entries}/Length ${pixels.length}>>stream\n`, pixels, '\nendstream');
    }
    const start = length;
    const table = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('');
    add(`xref\n0 ${offsets.length + 1}\n0000000000 65535 f \n${table}`);
    add(`trailer\n<</Size ${offsets.length + 1}/Root 1 0 R>>\nstartxref\n${start}\n%%EOF\n`);
  } finally {
    closeSync(output);
  }
}

/** Lines of bars, high ones and low ones, each line moved a little, as the bits of a number that grows from place to place say. */
function drawBars(page: number): Buffer {
  const pixels = Buffer.alloc(WIDTH_PX * HEIGHT_PX, 245);
  let bits = page + 1;
  for (let top = 2 * LETTER_PX; top < HEIGHT_PX - 2 * LETTER_PX; top += 2 * LETTER_PX) {
    const moved = bits >>> 28;
    for (let left = 2 * LETTER_PX; left < WIDTH_PX - 2 * LETTER_PX; left += LETTER_PX) {
      // A linear congruential generator: Numerical Recipes, 7.1.
      bits = (Math.imul(bits, 1_664_525) + 1_013_904_223) >>> 0;
      if (bits >>> 29 === 0) continue;
      const height = bits >>> 30 === 0 ? LETTER_PX : LETTER_PX - 6;
      const width = STROKE_PX + ((bits >>> 20) & 7);
      for (let y = top + LETTER_PX - height; y < top + LETTER_PX; y++) {
        pixels.fill(30, y * WIDTH_PX + left + moved, y * WIDTH_PX + left + moved + width);
      }
    }
  }
  return pixels;
}
