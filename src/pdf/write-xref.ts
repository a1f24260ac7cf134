/** Where an object of an update is, or that its number is free. */
export type UpdatedPlace =
  | { readonly kind: 'plain'; readonly offset: number; readonly gen: number }
  | { readonly kind: 'packed'; readonly container: number; readonly index: number }
  | { readonly kind: 'free' };

type Places = ReadonlyMap<number, UpdatedPlace>;

/** Runs of consecutive numbers, ascending: `[first, count]`. */
function runsOf(places: Places): [first: number, count: number][] {
  const runs: [number, number][] = [];
  for (const num of [...places.keys()].sort((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last && last[0] + last[1] === num) last[1]++;
    else runs.push([num, 1]);
  }
  return runs;
}

/** Writes a cross-reference table, from `xref` up to the trailer. Packed objects cannot stand in one and count as free. */
export function writeTable(places: Places): string {
  const parts = ['xref\n'];
  for (const [first, count] of runsOf(places)) {
    parts.push(`${first} ${count}\n`);
    for (let num = first; num < first + count; num++) {
      const place = places.get(num);
      // Entries are 20 bytes long, line end included.
      if (place?.kind !== 'plain') parts.push('0000000000 65535 f \n');
      else parts.push(`${String(place.offset).padStart(10, '0')} ${String(place.gen).padStart(5, '0')} n \n`);
    }
  }
  return parts.join('');
}

/** Writes the rows of a cross-reference stream, with its `Index` and `W`. */
export function writeStreamRows(places: Places): {
  readonly index: readonly number[];
  readonly widths: readonly [number, number, number];
  readonly bytes: Uint8Array;
} {
  const runs = runsOf(places);
  const rows = runs.flatMap(([first, count]) => Array.from({ length: count }, (_, i) => rowOf(places.get(first + i))));
  const widest = rows.reduce((most, [, field]) => Math.max(most, field), 0);
  const deepest = rows.reduce((most, [, , last]) => Math.max(most, last), 0);
  const widths = [1, bytesFor(widest), bytesFor(deepest)] as const;
  const bytes = Buffer.alloc(rows.length * (widths[0] + widths[1] + widths[2]));
  let at = 0;
  for (const row of rows)
    for (const [i, width] of widths.entries()) {
      bytes.writeUIntBE(row[i] ?? 0, at, width);
      at += width;
    }
  return { index: runs.flat(), widths, bytes };
}

function rowOf(place: UpdatedPlace | undefined): readonly [type: number, field: number, last: number] {
  if (place?.kind === 'plain') return [1, place.offset, place.gen];
  return place?.kind === 'packed' ? [2, place.container, place.index] : [0, 0, 65535];
}

/** At most 6, which `writeUIntBE` can do and 256 TiB need. */
function bytesFor(value: number): number {
  let width = 1;
  while (width < 6 && value >= 256 ** width) width++;
  return width;
}
