import { ByteCursor, CLASS, DELIMITER, hexDigit, NUMERIC, PdfSyntaxError, WHITE } from './byte-cursor.ts';
import { PdfDict, PdfName, PdfRef, PdfString, type PdfValue } from './pdf-value.ts';

/** A bare word: an operator, or `obj`, `stream`, `endobj`. */
export class PdfKeyword {
  readonly word: string;
  constructor(word: string) {
    this.word = word;
  }
}

export interface ParserOptions {
  /** Where to begin; 0 unless told. */
  readonly position?: number;
  /** Whether nothing follows the bytes; otherwise reaching their end throws NeedMoreBytes. */
  readonly complete: boolean;
  /** Whether `1 0 R` is a reference (in files) or three tokens (in content streams). */
  readonly references: boolean;
  /** Applied to each string. */
  readonly decrypt?: ((bytes: Uint8Array) => Uint8Array) | undefined;
}

/** Arrays and dictionaries nested deeper than this are no part that a page needs: they are null. */
const MAX_DEPTH = 100;

/** What one object may hold: a scalar counts 1, an array or dictionary 8. Bounds memory to some 100 MB. */
const MAX_COST = 4_000_000;

const ESCAPES: Readonly<Record<number, number>> = { 0x6e: 10, 0x72: 13, 0x74: 9, 0x62: 8, 0x66: 12 };
const END_ARRAY = new PdfKeyword(']');
const END_DICT = new PdfKeyword('>>');

/** Reads PDF objects from bytes, forgiving what viewers forgive. Depth and size of an object are bounded. */
export class ObjectParser extends ByteCursor {
  readonly #options: ParserOptions;
  #cost = 0;

  constructor(bytes: Uint8Array, options: ParserOptions) {
    super(bytes, options.complete, options.position);
    this.#options = options;
  }

  /**
   * The next object or bare word; `undefined` at the end.
   * @throws {PdfSyntaxError} it is too large. @throws {NeedMoreBytes} the bytes end within.
   */
  read(): PdfValue | PdfKeyword | undefined {
    this.#cost = 0;
    return this.#read(0);
  }

  /** The next object; a bare word counts as null. @throws as `read`. */
  readValue(): PdfValue {
    const value = this.read();
    return value === undefined || value instanceof PdfKeyword ? null : value;
  }

  #spend(cost: number): void {
    this.#cost += cost;
    if (this.#cost > MAX_COST) throw new PdfSyntaxError('object too large');
  }

  #read(depth: number): PdfValue | PdfKeyword | undefined {
    this.skipWhite();
    const byte = this.peek();
    if (byte < 0) return undefined;
    this.#spend(1);
    if (CLASS[byte] === NUMERIC) return this.#readNumber();
    if (byte === 0x2f) return this.#readName();
    if (byte === 0x28) return this.#readLiteral();
    if (CLASS[byte] !== DELIMITER) return this.#readKeyword();
    this.position++;
    if (byte === 0x5b) return depth < MAX_DEPTH ? this.#readArray(depth) : null;
    if (byte === 0x5d) return END_ARRAY;
    if (byte === 0x3c) {
      if (this.peek() !== 0x3c) return this.#readHex();
      this.position++;
      return depth < MAX_DEPTH ? this.#readDict(depth) : null;
    }
    if (byte === 0x3e) {
      if (this.peek() === 0x3e) this.position++;
      return END_DICT;
    }
    return new PdfKeyword(String.fromCharCode(byte));
  }

  #readKeyword(): PdfValue | PdfKeyword {
    const start = this.position;
    let byte = this.peek();
    while (byte >= 0 && CLASS[byte] !== WHITE && CLASS[byte] !== DELIMITER && this.position - start < 128) {
      this.position++;
      byte = this.peek();
    }
    const word = latin1(this.bytes, start, this.position);
    if (word === 'true') return true;
    if (word === 'false') return false;
    return word === 'null' ? null : new PdfKeyword(word);
  }

  #readNumber(): number | PdfRef {
    const value = this.#readPlainNumber();
    if (!this.#options.references || !Number.isInteger(value) || value < 0) return value;
    const after = this.position;
    const gen = this.readInteger();
    if (gen !== undefined && this.readWord('R')) {
      const next = this.peek();
      if (next < 0 || CLASS[next] === WHITE || CLASS[next] === DELIMITER) return new PdfRef(value, gen);
    }
    this.position = after;
    return value;
  }

  #readPlainNumber(): number {
    let sign = 1;
    let value = 0;
    let scale = 0;
    let byte = this.peek();
    for (let isFirst = true; byte >= 0 && CLASS[byte] === NUMERIC; isFirst = false) {
      if (byte >= 0x30) {
        value = value * 10 + byte - 0x30;
        scale *= 10;
      } else if (byte === 0x2e && scale === 0) scale = 1;
      else if (byte === 0x2d && isFirst) sign = -1;
      // `--5` and `1.2-3` are seen; a sign within ends nothing and means nothing.
      this.position++;
      byte = this.peek();
    }
    const number = (sign * value) / (scale || 1);
    return Number.isFinite(number) ? number || 0 : 0;
  }

  #readName(): PdfName {
    this.position++;
    const start = this.position;
    let escaped = false;
    let byte = this.peek();
    while (byte >= 0 && CLASS[byte] !== WHITE && CLASS[byte] !== DELIMITER) {
      if (byte === 0x23) escaped = true;
      this.position++;
      byte = this.peek();
    }
    const raw = latin1(this.bytes, start, this.position);
    if (!escaped) return new PdfName(raw);
    return new PdfName(
      raw.replaceAll(/#([0-9a-f]{2})/giu, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    );
  }

  #readLiteral(): PdfString {
    this.position++;
    const out: number[] = [];
    for (let open = 1; ;) {
      const byte = this.peek();
      if (byte < 0) break;
      this.position++;
      if (byte === 0x28) open++;
      else if (byte === 0x29 && --open === 0) break;
      if (byte === 0x5c) this.#readEscape(out);
      else if (byte === 13) {
        if (this.peek() === 10) this.position++;
        out.push(10);
      } else out.push(byte);
    }
    return this.#string(out);
  }

  #readEscape(out: number[]): void {
    const byte = this.peek();
    if (byte < 0) return;
    this.position++;
    if (byte >= 0x30 && byte <= 0x37) {
      let code = byte - 0x30;
      for (let i = 0; i < 2; i++) {
        const next = this.peek();
        if (next < 0x30 || next > 0x37) break;
        code = code * 8 + next - 0x30;
        this.position++;
      }
      out.push(code & 255);
    } else if (byte === 13) {
      if (this.peek() === 10) this.position++;
    } else if (byte !== 10) out.push(ESCAPES[byte] ?? byte);
  }

  #readHex(): PdfString {
    const out: number[] = [];
    let high = -1;
    for (;;) {
      const byte = this.peek();
      if (byte < 0) break;
      this.position++;
      if (byte === 0x3e) break;
      const digit = hexDigit(byte);
      if (digit < 0) continue;
      if (high < 0) high = digit;
      else {
        out.push(high * 16 + digit);
        high = -1;
      }
    }
    if (high >= 0) out.push(high * 16);
    return this.#string(out);
  }

  #string(out: number[]): PdfString {
    const bytes = Uint8Array.from(out);
    return new PdfString(this.#options.decrypt ? this.#options.decrypt(bytes) : bytes);
  }

  #readArray(depth: number): readonly PdfValue[] {
    this.#spend(7);
    const items: PdfValue[] = [];
    for (;;) {
      const start = this.position;
      const item = this.#read(depth + 1);
      if (item === undefined || item === END_ARRAY) return items;
      if (!(item instanceof PdfKeyword)) items.push(item);
      else if (this.#endsObject(item, start)) return items;
    }
  }

  #readDict(depth: number): PdfDict {
    this.#spend(7);
    const entries = new Map<string, PdfValue>();
    for (;;) {
      const start = this.position;
      const key = this.#read(depth + 1);
      if (key === undefined || key === END_DICT) break;
      if (key instanceof PdfKeyword && this.#endsObject(key, start)) break;
      if (!(key instanceof PdfName)) continue;
      const valueStart = this.position;
      const value = this.#read(depth + 1);
      if (value === undefined || value === END_DICT) break;
      if (!(value instanceof PdfKeyword)) entries.set(key.name, value);
      else if (this.#endsObject(value, valueStart)) break;
    }
    return new PdfDict(entries);
  }

  /** Whether the word shows that closing brackets are missing; it is then left to be read again. */
  #endsObject(keyword: PdfKeyword, start: number): boolean {
    if (!this.#options.references || !/^(?:endobj|stream|endstream|obj|xref|trailer)$/u.test(keyword.word))
      return false;
    this.position = start;
    return true;
  }
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i] as number);
  return text;
}
