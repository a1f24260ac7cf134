// A thread of its own: reads a growing file and takes its SHA-1, as far as it is told that bytes are there.
import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';

const READ_BYTES = 1024 * 1024;
const { file, sizeBytes } = workerData as { file: string; sizeBytes: number };
const handle = openSync(file, 'r');
const hash = createHash('sha1');
const buffer = Buffer.allocUnsafe(READ_BYTES);
let position = 0;

parentPort?.on('message', (endByte: number) => {
  while (position < endByte) {
    const read = readSync(handle, buffer, 0, Math.min(READ_BYTES, endByte - position), position);
    if (read === 0) throw new Error('the file is shorter than it was said to be');
    hash.update(buffer.subarray(0, read));
    position += read;
  }
  if (position < sizeBytes) return;
  closeSync(handle);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage(hash.digest('hex'));
  parentPort?.close();
});
