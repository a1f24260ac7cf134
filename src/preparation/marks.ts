import type { InkMap } from './ink-map.ts';

/** A connected patch of ink, in cells of its map; right and bottom are exclusive. */
export interface Mark {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  /** Cells of ink. */
  readonly area: number;
}

/** Most marks that are looked at: a page of noise has more, a page of text has not. */
const MAX_MARKS = 40_000;

/** Finds the connected patches of ink, corners counting as connected, in the order of their first cell. */
export function findMarks({ width, ink }: InkMap): Mark[] {
  const runs = new RunTable();
  // Runs of the row above and of this one, in the table.
  let aboveEnd = 0;
  let above = 0;
  let rowStart = 0;
  let y = -1;
  for (let at = ink.indexOf(1); at >= 0;) {
    const row = Math.floor(at / width);
    if (row !== y) {
      above = row === y + 1 ? rowStart : runs.count;
      aboveEnd = runs.count;
      rowStart = runs.count;
      y = row;
    }
    const rowEnd = (y + 1) * width;
    let end = at + 1;
    while (end < rowEnd && ink[end] === 1) end++;
    const left = at - y * width;
    const right = end - y * width;
    const run = runs.add(left, right, y);
    // Runs of the row above that touch this one, also by a corner.
    while (above < aboveEnd && runs.right[above]! < left) above++;
    for (let touching = above; touching < aboveEnd && runs.left[touching]! <= right; touching++)
      runs.join(run, touching);
    at = ink.indexOf(1, end);
  }
  return runs.collect();
}

/** Horizontal runs of ink with a union-find over them. Grows as needed. */
class RunTable {
  count = 0;
  left = new Uint16Array(16_384);
  right = new Uint16Array(16_384);
  #y = new Uint16Array(16_384);
  #parent = new Int32Array(16_384);

  add(left: number, right: number, y: number): number {
    if (this.count === this.left.length) this.#grow();
    const run = this.count++;
    this.left[run] = left;
    this.right[run] = right;
    this.#y[run] = y;
    this.#parent[run] = run;
    return run;
  }

  join(one: number, other: number): void {
    const a = this.#root(one);
    const b = this.#root(other);
    // The earlier run stays the root, so that marks come out in a fixed order.
    if (a < b) this.#parent[b] = a;
    else if (b < a) this.#parent[a] = b;
  }

  #root(run: number): number {
    const parent = this.#parent;
    let root = run;
    while (parent[root] !== root) root = parent[root]!;
    for (let at = run; parent[at] !== root;) {
      const next = parent[at]!;
      parent[at] = root;
      at = next;
    }
    return root;
  }

  collect(): Mark[] {
    const byRoot = new Int32Array(this.count).fill(-1);
    const marks: { -readonly [K in keyof Mark]: Mark[K] }[] = [];
    for (let run = 0; run < this.count; run++) {
      const root = this.#root(run);
      const left = this.left[run]!;
      const right = this.right[run]!;
      const y = this.#y[run]!;
      const index = byRoot[root]!;
      if (index < 0) {
        if (marks.length >= MAX_MARKS) continue;
        byRoot[root] = marks.push({ left, top: y, right, bottom: y + 1, area: right - left }) - 1;
        continue;
      }
      const mark = marks[index]!;
      mark.left = Math.min(mark.left, left);
      mark.right = Math.max(mark.right, right);
      mark.bottom = Math.max(mark.bottom, y + 1);
      mark.area += right - left;
    }
    return marks;
  }

  #grow(): void {
    const size = this.left.length * 2;
    this.left = enlarge(this.left, new Uint16Array(size));
    this.right = enlarge(this.right, new Uint16Array(size));
    this.#y = enlarge(this.#y, new Uint16Array(size));
    this.#parent = enlarge(this.#parent, new Int32Array(size));
  }
}

function enlarge<T extends Uint16Array | Int32Array>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}
