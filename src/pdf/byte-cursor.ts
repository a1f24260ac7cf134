/** Text that is no PDF object. Internal to the reader: its callers turn it into a missing object or a DocumentError. */
export class PdfSyntaxError extends Error {}

/** The bytes given end inside a token or object; more of the file may complete it. */
export class NeedMoreBytes extends Error {}

/** Classes of bytes (ISO 32000-1, 7.2.2); all others are regular. */
export const WHITE = 1;
/** Ends a token, and begins one itself. */
export const DELIMITER = 2;
/** Begins or continues a number. */
export const NUMERIC = 4;
/** The class of each byte. */
export const CLASS = new Uint8Array(256);
for (const c of [0, 9, 10, 12, 13, 32]) CLASS[c] = WHITE;
for (const c of '()<>[]{}/%') CLASS[c.charCodeAt(0)] = DELIMITER;
for (const c of '+-.0123456789') CLASS[c.charCodeAt(0)] = NUMERIC;

/** Whether the byte is PDF white space (ISO 32000-1, table 1). */
export function isWhite(byte: number): boolean {
  return byte >= 0 && CLASS[byte] === WHITE;
}

/** The value of a hexadecimal digit, or -1. */
export function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** Walks over the bytes of PDF source: white space, comments, integers and words. */
export class ByteCursor {
  /** Of the next byte that is read. */
  position: number;
  protected readonly bytes: Uint8Array;
  readonly #complete: boolean;

  /** @param complete whether nothing follows the bytes. */
  constructor(bytes: Uint8Array, complete: boolean, position = 0) {
    this.bytes = bytes;
    this.#complete = complete;
    this.position = position;
  }

  /** The next token as a non-negative integer, or `undefined`, and then nothing is consumed. */
  readInteger(): number | undefined {
    this.skipWhite();
    const start = this.position;
    let value = 0;
    let byte = this.peek();
    while (byte >= 0x30 && byte <= 0x39 && this.position - start < 16) {
      value = value * 10 + byte - 0x30;
      this.position++;
      byte = this.peek();
    }
    if (this.position > start && (byte < 0 || CLASS[byte] === WHITE || CLASS[byte] === DELIMITER)) return value;
    // A word may follow without a space: `0 obj<<` is usual, `0obj` is seen.
    if (this.position > start && byte === 0x6f) return value;
    this.position = start;
    return undefined;
  }

  /** Consumes the word if it comes next, whatever follows it. */
  readWord(word: string): boolean {
    this.skipWhite();
    const start = this.position;
    for (let i = 0; i < word.length; i++) {
      if (this.peek() !== word.charCodeAt(i)) {
        this.position = start;
        return false;
      }
      this.position++;
    }
    return true;
  }

  /** Goes past one end of line, and blanks before it, as after the word `stream`; gives the new position. */
  skipLineEnd(): number {
    const start = this.position;
    while (this.peek() === 32 || this.peek() === 9) this.position++;
    if (this.peek() === 13) {
      this.position++;
      if (this.peek() === 10) this.position++;
    } else if (this.peek() === 10) this.position++;
    else this.position = start;
    return this.position;
  }

  /** Goes to the next byte that is neither white space nor part of a comment. */
  skipWhite(): void {
    for (;;) {
      const byte = this.peek();
      if (byte === 0x25) {
        let next = this.peek();
        while (next >= 0 && next !== 10 && next !== 13) {
          this.position++;
          next = this.peek();
        }
      } else if (byte >= 0 && CLASS[byte] === WHITE) this.position++;
      else return;
    }
  }

  /** The next byte, not consumed; -1 at the end. @throws {NeedMoreBytes} more of the file may follow. */
  protected peek(): number {
    if (this.position < this.bytes.length) return this.bytes[this.position] as number;
    if (this.#complete) return -1;
    throw new NeedMoreBytes();
  }
}
