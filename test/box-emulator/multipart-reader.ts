import { badRequest } from './api-problem.ts';

export interface MultipartPart {
  /** The `name` of its content-disposition. */
  readonly name: string;
  readonly filename: string | undefined;
  /** To be read to its end before the next part is asked for. */
  readonly body: AsyncGenerator<Buffer>;
}

const MAX_HEADER_BYTES = 16 * 1024;

/** Reads multipart/form-data as a stream, in memory bounded by the size of the chunks it gets (RFC 7578, RFC 2046). */
export class MultipartReader {
  readonly #source: AsyncIterator<Buffer>;
  readonly #delimiter: Buffer;
  // The first delimiter has no line break of its own before it.
  #pending: Buffer = Buffer.from('\r\n');

  /** @throws {ApiProblem} 400: the content type names no boundary. */
  constructor(source: AsyncIterable<Buffer>, contentType: string | undefined) {
    const boundary = /^multipart\/form-data;.*boundary=(?:"([^"]+)"|([^\s;]+))/i.exec(contentType ?? '');
    const text = boundary?.[1] ?? boundary?.[2];
    if (text === undefined) throw badRequest('The content type is not multipart/form-data with a boundary');
    this.#source = source[Symbol.asyncIterator]();
    this.#delimiter = Buffer.from(`\r\n--${text}`);
  }

  /** @throws {ApiProblem} 400: the body ends early or is malformed. */
  async *parts(): AsyncGenerator<MultipartPart> {
    for await (const _ of this.#untilDelimiter()) {
      // What precedes the first delimiter is not for us.
    }
    for (;;) {
      const mark = (await this.#take(2)).toString('latin1');
      if (mark === '--') return;
      if (mark !== '\r\n') throw badRequest('The multipart body is malformed');
      const { name, filename } = readDisposition(await this.#takeHeaders());
      yield { name, filename, body: this.#untilDelimiter() };
    }
  }

  /** Reads and drops what is left. */
  async drain(): Promise<void> {
    while (await this.#fill()) this.#pending = Buffer.alloc(0);
  }

  async *#untilDelimiter(): AsyncGenerator<Buffer> {
    for (;;) {
      const at = this.#pending.indexOf(this.#delimiter);
      if (at >= 0) {
        const last = this.#pending.subarray(0, at);
        this.#pending = this.#pending.subarray(at + this.#delimiter.length);
        if (last.length > 0) yield last;
        return;
      }
      // A delimiter may begin in the last bytes of this chunk.
      const safe = this.#pending.length - this.#delimiter.length;
      if (safe > 0) {
        yield this.#pending.subarray(0, safe);
        this.#pending = this.#pending.subarray(safe);
      }
      if (!(await this.#fill())) throw badRequest('The multipart body ends early');
    }
  }

  async #takeHeaders(): Promise<string> {
    for (;;) {
      const at = this.#pending.indexOf('\r\n\r\n');
      if (at >= 0) return (await this.#take(at + 4)).toString('utf8');
      if (this.#pending.length > MAX_HEADER_BYTES || !(await this.#fill())) {
        throw badRequest('The multipart body is malformed');
      }
    }
  }

  async #take(bytes: number): Promise<Buffer> {
    while (this.#pending.length < bytes) {
      if (!(await this.#fill())) throw badRequest('The multipart body ends early');
    }
    const taken = this.#pending.subarray(0, bytes);
    this.#pending = this.#pending.subarray(bytes);
    return taken;
  }

  async #fill(): Promise<boolean> {
    const next = await this.#source.next();
    if (next.done) return false;
    this.#pending = this.#pending.length === 0 ? next.value : Buffer.concat([this.#pending, next.value]);
    return true;
  }
}

function readDisposition(headers: string): { name: string; filename: string | undefined } {
  const line = /^content-disposition:(.*)$/im.exec(headers)?.[1] ?? '';
  const name = /[;\s]name="((?:[^"\\]|\\.)*)"/i.exec(line)?.[1];
  if (name === undefined) throw badRequest('A part of the multipart body has no name');
  return { name, filename: /[;\s]filename="((?:[^"\\]|\\.)*)"/i.exec(line)?.[1] };
}
