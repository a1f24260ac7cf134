import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Content } from './contents.ts';
import type { BodyFault } from './fault-effect.ts';

/** An answer ready for the wire: the head, and a body that may be read in pieces. */
export interface WireAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: { readonly of: Content; readonly start: number; readonly end: number };
}

const EXTRA_BYTES = 16;
const SLOW_STEPS_A_SECOND = 10;

/** Writes an answer as it should be, or with its body spoilt. Settles when nothing more is to be written. */
export async function sendAnswer(
  response: ServerResponse,
  answer: WireAnswer,
  fault: BodyFault | undefined,
): Promise<void> {
  const sizeBytes = answer.body.end - answer.body.start + 1;
  const change = fault?.change;
  const after = Math.min(fault?.afterBytes ?? Math.floor(sizeBytes / 2), sizeBytes);
  const sent = change === 'short' || change === 'short-without-length' ? after : sizeBytes;
  const headers: Record<string, string> = { ...answer.headers };
  if (change === 'short-without-length') {
    response.useChunkedEncodingByDefault = false;
    response.shouldKeepAlive = false;
    headers['connection'] = 'close';
  } else if (change !== 'cut-chunks' && answer.status !== 204 && answer.status !== 304) {
    headers['content-length'] = String(change === 'long' ? sizeBytes + EXTRA_BYTES : sent);
  }
  response.writeHead(answer.status, headers);
  response.flushHeaders();
  if (change === undefined || change === 'short' || change === 'short-without-length') {
    await sendBody(response, answer, sent);
    response.end();
    return;
  }
  await sendSpoilt(response, answer, fault as BodyFault, after);
}

async function sendSpoilt(
  response: ServerResponse,
  answer: WireAnswer,
  fault: BodyFault,
  after: number,
): Promise<void> {
  const sizeBytes = answer.body.end - answer.body.start + 1;
  switch (fault.change) {
    case 'long':
      await sendBody(response, answer, sizeBytes);
      response.end(Buffer.alloc(EXTRA_BYTES, 0x20));
      return;
    case 'corrupt':
      await sendBody(response, answer, sizeBytes, { flipAt: after });
      response.end();
      return;
    case 'slow':
      await sendBody(response, answer, sizeBytes, { bytesPerSecond: fault.bytesPerSecond ?? 1 });
      response.end();
      return;
    case 'stall':
      // Ends when the client goes, or when the emulator closes.
      await sendBody(response, answer, after);
      return;
    case 'reset':
      await sendBody(response, answer, after);
      await flushed(response);
      response.socket?.resetAndDestroy();
      return;
    default:
      await sendBody(response, answer, after);
      await flushed(response);
      response.socket?.end();
  }
}

/** Writes the first `sizeBytes` of the body, no faster than the client reads. */
async function sendBody(
  response: ServerResponse,
  answer: WireAnswer,
  sizeBytes: number,
  how: { flipAt?: number; bytesPerSecond?: number } = {},
): Promise<void> {
  if (sizeBytes === 0 || response.req.method === 'HEAD') return;
  let position = 0;
  const { of, start } = answer.body;
  for await (const read of of.read(start, start + sizeBytes - 1) as AsyncIterable<Buffer>) {
    for (const piece of how.bytesPerSecond === undefined ? [read] : pieces(read, how.bytesPerSecond)) {
      if (response.destroyed || response.socket?.destroyed === true) return;
      const chunk = flipped(piece, (how.flipAt ?? -1) - position);
      position += chunk.length;
      if (!response.write(chunk)) await drained(response);
      if (how.bytesPerSecond !== undefined)
        await sleep((1000 * chunk.length) / how.bytesPerSecond, undefined, { ref: false });
    }
  }
}

/** Settles when more can be written, or the client is gone. */
async function drained(response: ServerResponse): Promise<void> {
  await new Promise<void>((resolve) => {
    const settle = () => {
      response.off('drain', settle).off('close', settle);
      resolve();
    };
    response.on('drain', settle).on('close', settle);
  });
}

function* pieces(bytes: Buffer, bytesPerSecond: number): Generator<Buffer> {
  const step = Math.max(1, Math.floor(bytesPerSecond / SLOW_STEPS_A_SECOND));
  for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step);
}

/** The chunk with the byte at `index` inverted, if it is in this chunk. */
function flipped(chunk: Buffer, index: number): Buffer {
  if (index < 0 || index >= chunk.length) return chunk;
  const copy = Buffer.from(chunk);
  copy[index] = (copy[index] ?? 0) ^ 0xff;
  return copy;
}

/** Settles when what was written has left for the kernel, or the client is gone. */
async function flushed(response: ServerResponse): Promise<void> {
  const { socket } = response;
  if (!socket || socket.destroyed || socket.writableLength === 0) return;
  await new Promise<void>((resolve) => {
    socket.once('close', resolve);
    socket.write('', () => resolve());
  });
}
