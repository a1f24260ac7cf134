import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { OutputError } from '../../../core/errors.ts';
import { explainErrno } from '../../../core/errno.ts';

/** A read costs the same for little and for much, so much is read at once ... */
const READ_BYTES = 1024 * 1024;
/** ... and sent in smaller pieces, each of which is a sign that the connection moves. */
const SEND_BYTES = 256 * 1024;

/** What is to be read: `sizeBytes` bytes of a file from `startByte` on. */
export interface SliceOf {
  readonly file: string;
  readonly startByte: number;
  readonly sizeBytes: number;
}

/** Takes bytes on; settles when they may be overwritten. */
export type TakeBytes = (bytes: Buffer) => Promise<void>;

/**
 * A part of a file that can be sent any number of times, so that a call can be repeated without its body being held. A
 * stream for the SDK's types alone, which hands it on unread: the bytes are had by `sendTo`.
 */
export class FileSlice extends Readable {
  readonly slice: SliceOf;

  constructor(slice: SliceOf) {
    super();
    this.slice = slice;
  }

  override _read(): void {
    this.destroy(new Error('the bytes of a FileSlice are had by sendTo'));
  }

  /**
   * Reads the slice from the disk and hands it on in order, in two blocks of memory: one is filled while the other is sent.
   * @throws {OutputError} the file cannot be read, or is shorter than the slice. @throws whatever `take` does.
   */
  async sendTo(take: TakeBytes): Promise<void> {
    const { file, startByte, sizeBytes } = this.slice;
    if (sizeBytes === 0) return;
    const handle = await open(file, 'r').catch((error: unknown) => {
      throw asArtifactError(error, file);
    });
    try {
      const fill = async (block: Buffer, doneBytes: number): Promise<Buffer> => {
        const wanted = Math.min(block.length, sizeBytes - doneBytes);
        if (wanted === 0) return block.subarray(0, 0);
        const { bytesRead } = await handle.read(block, 0, wanted, startByte + doneBytes).catch((error: unknown) => {
          throw asArtifactError(error, file);
        });
        if (bytesRead === 0) throw artifactChanged(file, 'it is shorter than it was');
        return block.subarray(0, bytesRead);
      };
      let block = Buffer.allocUnsafeSlow(Math.min(READ_BYTES, sizeBytes));
      let other = Buffer.allocUnsafeSlow(block.length);
      let filled = await fill(block, 0);
      for (let doneBytes = filled.length; filled.length > 0;) {
        const [next] = await Promise.all([fill(other, doneBytes), sendInPieces(filled, take)]);
        doneBytes += next.length;
        filled = next;
        [block, other] = [other, block];
      }
    } finally {
      // All that was read has been read.
      await handle.close().catch(() => undefined);
    }
  }
}

async function sendInPieces(bytes: Buffer, take: TakeBytes): Promise<void> {
  for (let start = 0; start < bytes.length; start += SEND_BYTES) await take(bytes.subarray(start, start + SEND_BYTES));
}

/** Says that a file on this machine is no longer what was to be stored. */
export function artifactChanged(file: string, why: string): OutputError {
  return new OutputError('DIGEST_DIFFERS', `${file} changed before it was stored.`, {
    why: `While it was sent, ${why}.`,
    safe: 'Nothing half-written is left in Box.',
  });
}

/** Says that a file on this machine cannot be read. */
export function asArtifactError(error: unknown, file: string): Error {
  if (error instanceof OutputError) return error;
  return new OutputError('ARTIFACT_UNREADABLE', `${file} cannot be read to be stored: ${explainErrno(error)}.`, {
    safe: 'Nothing half-written is left in Box.',
  });
}
