import { once } from 'node:events';
import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { CallServer } from '../../src/work/call-server.ts';
import type { FromWorker, WorkerCall } from '../../src/work/protocol.ts';

/** A server whose calls do as told; late errors come as the process would hand them on. */
function serve(work: (pageNumber: number) => Promise<unknown>) {
  const heard = new EventEmitter();
  const told: FromWorker[] = [];
  let givenUp = 0;
  const server = new CallServer(
    { call: (_call, request) => work((request as { pageNumber: number }).pageNumber) },
    (message) => {
      told.push(message);
      heard.emit('told');
    },
    () => {
      givenUp++;
      heard.emit('given-up');
    },
  );
  const take = (pageNumber: number, call: WorkerCall = 'read'): void =>
    server.take({ id: pageNumber, call, request: { file: 'a.pdf', pageNumber } });
  return { server, heard, told, take, givenUp: () => givenUp };
}

describe('what a library throws late', () => {
  it('is damage of the page in hand, also where its work never ends; then the worker is replaced', async () => {
    const { server, heard, told, take, givenUp } = serve(() => new Promise(() => undefined));
    take(7);
    await new Promise((resolve) => setImmediate(resolve));
    server.takeLateError(new Error('nobody waited for this'));
    if (told.length === 0) await once(heard, 'told');
    expect(told).toMatchObject([
      { type: 'error', id: 7, error: { family: 'PageError', code: 'PAGE_DAMAGED', why: 'nobody waited for this' } },
    ]);
    while (givenUp() === 0) await once(heard, 'given-up');
    expect(givenUp()).toBe(1);
  });

  it('leaves the worker alive where its work ends, and the page is read again', async () => {
    let calls = 0;
    const { server, heard, told, take, givenUp } = serve(async (pageNumber) => {
      calls++;
      await new Promise((resolve) => setTimeout(resolve, 5));
      return { pageNumber };
    });
    take(1);
    take(2);
    await new Promise((resolve) => setImmediate(resolve));
    server.takeLateError(new Error('late'));
    while (told.length < 2) await once(heard, 'told');
    expect(told).toMatchObject([
      { type: 'answer', id: 1 },
      { type: 'answer', id: 2 },
    ]);
    expect(calls).toBe(3);
    expect(givenUp()).toBe(0);
  });

  it('is damage where it comes again', async () => {
    const { server, heard, told, take } = serve(async () => {
      setImmediate(() => server.takeLateError(new Error('again')));
      await new Promise((resolve) => setTimeout(resolve, 20));
    });
    take(3);
    if (told.length === 0) await once(heard, 'told');
    expect(told).toMatchObject([{ type: 'error', id: 3, error: { code: 'PAGE_DAMAGED' } }]);
  });

  it('is the engine’s failure where a page was being read', async () => {
    const { server, heard, told, take } = serve(() => new Promise(() => undefined));
    take(4);
    await new Promise((resolve) => setImmediate(resolve));
    server.enter('recognize');
    server.takeLateError(new TypeError('of the engine'));
    if (told.length === 0) await once(heard, 'told');
    expect(told).toMatchObject([{ error: { family: 'PageError', code: 'ENGINE_FAILED', why: 'of the engine' } }]);
  });

  it('costs the document where it was being opened', async () => {
    const { server, heard, told, take } = serve(() => new Promise(() => undefined));
    take(1, 'inspect');
    await new Promise((resolve) => setImmediate(resolve));
    server.takeLateError('odd');
    if (told.length === 0) await once(heard, 'told');
    expect(told).toMatchObject([{ error: { family: 'DocumentError', code: 'PDF_DAMAGED' } }]);
  });
});
