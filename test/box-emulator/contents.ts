import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, open, rm, stat, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** The bytes of one file version. */
export interface Content {
  readonly sizeBytes: number;
  /** Lower-case hex. */
  readonly sha1: string;
  /** Bytes `start` to `end`, both inclusive. */
  read(start: number, end: number): Readable;
}

/** Larger contents go to files. */
const IN_MEMORY_BYTES = 64 * 1024;
const READ_BYTES = 256 * 1024;
const WRITE_BYTES = 4 * 1024 * 1024;

/** Keeps contents: small ones in memory, others in a temporary folder that `close` removes. */
export class ContentStore {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async open(parentFolder: string = tmpdir()): Promise<ContentStore> {
    return new ContentStore(await mkdtemp(path.join(parentFolder, 'box-emulator-')));
  }

  /** Takes in a stream to its end, in bounded memory. */
  async take(source: AsyncIterable<Buffer>): Promise<Content> {
    const head: Buffer[] = [];
    let headBytes = 0;
    const rest = source[Symbol.asyncIterator]();
    for (;;) {
      const next = await rest.next();
      if (next.done) return memoryContent(Buffer.concat(head));
      head.push(next.value);
      headBytes += next.value.length;
      if (headBytes > IN_MEMORY_BYTES) break;
    }
    const file = this.newFile();
    const hash = createHash('sha1');
    let sizeBytes = 0;
    const counted = async function* (): AsyncGenerator<Buffer> {
      for (const chunk of head) yield chunk;
      for await (const chunk of { [Symbol.asyncIterator]: () => rest }) yield chunk;
    };
    await pipeline(
      async function* () {
        for await (const chunk of counted()) {
          hash.update(chunk);
          sizeBytes += chunk.length;
          yield chunk;
        }
      },
      createWriteStream(file, { highWaterMark: WRITE_BYTES }),
    );
    return fileContent(file, sizeBytes, hash.digest('hex'));
  }

  /** An empty file of this store, to be filled at any offset and then sealed with {@link fromFile}. */
  async createFile(): Promise<{ file: string; handle: FileHandle }> {
    const file = this.newFile();
    return { file, handle: await open(file, 'wx+') };
  }

  async discard(file: string): Promise<void> {
    await rm(file, { force: true });
  }

  async close(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  private newFile(): string {
    return path.join(this.#folder, randomUUID());
  }
}

/** The content of a file that stays where it is and does not change. */
export async function contentOfFile(file: string): Promise<Content> {
  const { size } = await stat(file);
  const hash = createHash('sha1');
  for await (const chunk of createReadStream(file, { highWaterMark: READ_BYTES })) hash.update(chunk as Buffer);
  return fileContent(file, size, hash.digest('hex'));
}

export function memoryContent(bytes: Uint8Array): Content {
  const buffer = Buffer.from(bytes);
  return {
    sizeBytes: buffer.length,
    sha1: createHash('sha1').update(buffer).digest('hex'),
    read: (start, end) => Readable.from([buffer.subarray(start, end + 1)], { objectMode: false }),
  };
}

function fileContent(file: string, sizeBytes: number, sha1: string): Content {
  return {
    sizeBytes,
    sha1,
    read: (start, end) =>
      end < start ? Readable.from([]) : createReadStream(file, { start, end, highWaterMark: READ_BYTES }),
  };
}
