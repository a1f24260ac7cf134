/** A name such as `/Type`, without the slash, `#xx` undone; one character a byte (Latin-1). */
export class PdfName {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** A string's bytes, unescaped and decrypted. */
export class PdfString {
  readonly bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

/** A reference to an indirect object: `12 0 R`. */
export class PdfRef {
  readonly num: number;
  readonly gen: number;
  constructor(num: number, gen: number) {
    this.num = num;
    this.gen = gen;
  }
}

/** A dictionary; its values may be references. */
export class PdfDict {
  readonly entries: ReadonlyMap<string, PdfValue>;
  constructor(entries: Iterable<readonly [string, PdfValue]> = []) {
    this.entries = entries instanceof Map ? (entries as ReadonlyMap<string, PdfValue>) : new Map(entries);
  }

  /** The value as it stands in the file: perhaps a reference. */
  get(key: string): PdfValue | undefined {
    return this.entries.get(key);
  }

  /** A copy with some entries replaced; `undefined` takes an entry out. */
  with(changes: Readonly<Record<string, PdfValue | undefined>>): PdfDict {
    const entries = new Map(this.entries);
    for (const [key, value] of Object.entries(changes)) {
      if (value === undefined) entries.delete(key);
      else entries.set(key, value);
    }
    return new PdfDict(entries);
  }
}

/** A stream: its dictionary, and where its bytes begin in the file. The bytes are read on demand. */
export class PdfStream {
  readonly dict: PdfDict;
  /** Of the first byte after the keyword, from the file's `%PDF` header. */
  readonly dataOffset: number;
  /** The object it is; decides its encryption key. */
  readonly ref: PdfRef;
  constructor(dict: PdfDict, dataOffset: number, ref: PdfRef) {
    this.dict = dict;
    this.dataOffset = dataOffset;
    this.ref = ref;
  }
}

export type PdfValue =
  | null
  | boolean
  | number
  | PdfName
  | PdfString
  | PdfRef
  | PdfDict
  | PdfStream
  | readonly PdfValue[];

/** Whether the value is that name, or any name where none is given. */
export function isName(value: PdfValue | undefined, name?: string): value is PdfName {
  return value instanceof PdfName && (name === undefined || value.name === name);
}

/** Whether the value is an array; narrows where `Array.isArray` would not. */
export function isPdfArray(value: PdfValue | undefined): value is readonly PdfValue[] {
  return Array.isArray(value);
}
