import { deflateSync } from 'node:zlib';

/** Bytes of a PDF whose pages are small grey scans, each unlike all others; made by code, the same for the same seed. `hugePage` claims to be too large. */
export function makeScan(pageCount: number, seed = 1, hugePage = 0): Buffer {
  const widthPx = 120;
  const heightPx = 160;
  const objects: Buffer[] = [];
  const add = (body: string, stream?: Buffer): number => {
    const head = stream ? `${body.slice(0, -2)}/Length ${stream.length}>>\nstream\n` : `${body}\n`;
    objects.push(
      Buffer.concat([
        Buffer.from(head, 'latin1'),
        stream ?? Buffer.alloc(0),
        Buffer.from(stream ? '\nendstream\n' : ''),
      ]),
    );
    return objects.length;
  };
  add('<</Type/Catalog/Pages 2 0 R>>');
  const kids = Array.from({ length: pageCount }, (_, index) => `${3 + index * 3} 0 R`).join(' ');
  add(`<</Type/Pages/Count ${pageCount}/Kids[${kids}]>>`);
  for (let page = 1; page <= pageCount; page++) {
    const [claimedPx, claimedHighPx] = page === hugePage ? [60_000, 60_000] : [widthPx, heightPx];
    const at = objects.length;
    add(
      `<</Type/Page/Parent 2 0 R/MediaBox[0 0 ${widthPx} ${heightPx}]/Contents ${at + 2} 0 R` +
        `/Resources<</XObject<</Im0 ${at + 3} 0 R>>>>>>`,
    );
    add('<<>>', Buffer.from(`q ${widthPx} 0 0 ${heightPx} 0 0 cm /Im0 Do Q`));
    const image = `<</Type/XObject/Subtype/Image/Width ${claimedPx}/Height ${claimedHighPx}/ColorSpace/DeviceGray/BitsPerComponent 8/Filter/FlateDecode>>`;
    add(image, deflateSync(drawPage(widthPx, heightPx, seed * 1_000 + page)));
  }
  return join(objects);
}

/** Rows of dark bars like words, placed by a small generator: enough ink not to be blank. */
function drawPage(widthPx: number, heightPx: number, seed: number): Buffer {
  const pixels = Buffer.alloc(widthPx * heightPx, 255);
  let state = seed >>> 0;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  for (let y = 10; y < heightPx - 12; y += 10) {
    for (let x = 8; x < widthPx - 20;) {
      const length = 4 + random(14);
      for (let row = y; row < y + 5; row++) pixels.fill(20 + random(20), row * widthPx + x, row * widthPx + x + length);
      x += length + 4;
    }
  }
  return pixels;
}

function join(objects: readonly Buffer[]): Buffer {
  const parts: Buffer[] = [Buffer.from('%PDF-1.4\n')];
  const offsets: number[] = [];
  let length = parts[0]?.length ?? 0;
  for (const [index, object] of objects.entries()) {
    const whole = Buffer.concat([Buffer.from(`${index + 1} 0 obj\n`), object, Buffer.from('endobj\n')]);
    offsets.push(length);
    length += whole.length;
    parts.push(whole);
  }
  const rows = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('');
  const size = objects.length + 1;
  parts.push(
    Buffer.from(
      `xref\n0 ${size}\n0000000000 65535 f \n${rows}trailer\n<</Size ${size}/Root 1 0 R>>\nstartxref\n${length}\n%%EOF\n`,
    ),
  );
  return Buffer.concat(parts);
}
