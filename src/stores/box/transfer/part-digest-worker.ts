// A thread of its own: takes the SHA-1 of one part of a file after the other.
import { createHash } from 'node:crypto';
import { openSync, readSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import type { PartAnswered, PartAsked } from './part-digests.ts';
import { errnoOf } from '../../../core/errno.ts';

const READ_BYTES = 1024 * 1024;
const buffer = Buffer.allocUnsafe(READ_BYTES);
let handle: number | undefined;

parentPort?.on('message', (asked: PartAsked) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage(answer(asked));
});

function answer({ startByte, sizeBytes }: PartAsked): PartAnswered {
  try {
    handle ??= openSync(workerData as string, 'r');
    const hash = createHash('sha1');
    for (let done = 0; done < sizeBytes;) {
      const read = readSync(handle, buffer, 0, Math.min(READ_BYTES, sizeBytes - done), startByte + done);
      if (read === 0) return { startByte, code: 'it is shorter than it was' };
      hash.update(buffer.subarray(0, read));
      done += read;
    }
    return { startByte, sha1: hash.digest() };
  } catch (error) {
    return { startByte, code: errnoOf(error) ?? 'unknown reason' };
  }
}
