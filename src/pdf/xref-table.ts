import { PdfDict } from './pdf-value.ts';
import { PdfSyntaxError } from './byte-cursor.ts';

/** Where an object is: at an offset of its own, or within an object stream. */
export type ObjectPlace =
  | { readonly kind: 'plain'; readonly offset: number; readonly gen: number }
  | { readonly kind: 'packed'; readonly container: number; readonly index: number };

/** Objects a file may have; at some 50 bytes each they stay under 100 MB. */
export const MAX_OBJECTS = 2_000_000;
/** ISO 32000-1, annex C, names 8,388,607 as the highest number; few readers take more. */
export const MAX_OBJECT_NUMBER = 8_388_607;

const FREE = Number.POSITIVE_INFINITY;
const INDEX_SPAN = 2 ** 24;

/** Where each object of a file is, and the trailer. The first entry set for a number stays, so newest sections go first. */
export class XrefTable {
  trailer = new PdfDict();
  /** A table's number of lines is doubtful, so the last section says how an update is to be written. */
  lastSectionIsStream = false;
  /** Where the section that `startxref` names begins. */
  lastSectionOffset = 0;
  // A number says all: an offset, FREE, or below zero a container and an index. Objects would take five times the memory.
  readonly #places = new Map<number, number>();
  readonly #gens = new Map<number, number>();

  get size(): number {
    return this.#places.size;
  }

  /** The highest number that is named, in use or free. */
  get highestNumber(): number {
    let highest = 0;
    for (const num of this.#places.keys()) if (num > highest) highest = num;
    return highest;
  }

  place(num: number): ObjectPlace | undefined {
    const code = this.#places.get(num);
    if (code === undefined || code === FREE) return undefined;
    if (code >= 0) return { kind: 'plain', offset: code, gen: this.#gens.get(num) ?? 0 };
    const rest = -code - 1;
    return { kind: 'packed', container: Math.floor(rest / INDEX_SPAN), index: rest % INDEX_SPAN };
  }

  /** Numbers in use, ascending. */
  numbersInUse(): number[] {
    const numbers: number[] = [];
    for (const [num, code] of this.#places) if (code !== FREE) numbers.push(num);
    return numbers.sort((a, b) => a - b);
  }

  setFree(num: number): void {
    this.#set(num, FREE);
  }

  setPlain(num: number, offset: number, gen: number): void {
    if (this.#set(num, offset) && gen > 0) this.#gens.set(num, gen);
  }

  setPacked(num: number, container: number, index: number): void {
    if (container < 0 || container > MAX_OBJECT_NUMBER || index < 0 || index >= INDEX_SPAN) return;
    this.#set(num, -(container * INDEX_SPAN + index) - 1);
  }

  /** Makes room for a newer definition. */
  forget(num: number): void {
    this.#places.delete(num);
    this.#gens.delete(num);
  }

  #set(num: number, code: number): boolean {
    if (!Number.isInteger(num) || num < 0 || num > MAX_OBJECT_NUMBER || this.#places.has(num)) return false;
    if (this.#places.size >= MAX_OBJECTS) throw new PdfSyntaxError('too many objects');
    this.#places.set(num, code);
    return true;
  }
}
