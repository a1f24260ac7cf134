import { request as httpRequest, type Agent, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { BoxCallError, operationOf } from './box-call-error.ts';
import { PROXY_ANSWERED } from './network-errors.ts';
import { proxyFor } from './proxy.ts';
import type { RequestBody } from './request-body.ts';
import { errnoOf } from '../../../core/errno.ts';

export interface ExchangeRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Pick<RequestBody, 'sendTo'> | undefined;
  readonly agent: Agent;
  /** The call fails when no byte moves for this long, in either direction. */
  readonly idleTimeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Runs `onIdle` when it was not touched for a while. Close it. */
export class IdleWatch implements Disposable {
  readonly #timer: NodeJS.Timeout;

  constructor(limitMs: number, onIdle: () => void) {
    this.#timer = setTimeout(onIdle, limitMs);
  }

  touch(): void {
    this.#timer.refresh();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}

/**
 * Sends one request and settles with the head of its answer; the body is the caller's to read or destroy.
 * @throws {BoxCallError} status 0: the network failed. Errors of the body's own stream pass unchanged.
 */
export async function exchange(request: ExchangeRequest): Promise<IncomingMessage> {
  request.signal?.throwIfAborted();
  const operation = operationOf(request.method, request.url);
  const host = URL.parse(request.url)?.hostname;
  const proxy = await proxyFor(request.agent, request.url);
  request.signal?.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const fail = (facts: { readonly code: string; readonly proxyStatus?: number | undefined }): void =>
    reject(new BoxCallError({ operation, status: 0, host, proxy, ...facts }));
  const send = request.url.startsWith('https:') ? httpsRequest : httpRequest;
  const outgoing = send(request.url, { method: request.method, headers: request.headers, agent: request.agent });
  const stop = (): void => void outgoing.destroy();
  using watch = new IdleWatch(request.idleTimeoutMs, () => {
    fail({ code: 'IDLE' });
    outgoing.destroy();
  });
  // The agent hands a proxy's refusal on as if the server had answered.
  outgoing.once('proxyConnect', ({ statusCode }: { readonly statusCode: number }) => {
    if (statusCode !== 200) fail({ code: PROXY_ANSWERED, proxyStatus: statusCode });
  });
  outgoing.once('response', resolve);
  // Stays for the life of the request: a late error of the connection must not become an uncaught one.
  outgoing.on('error', (error) => (error instanceof BoxCallError ? reject(error) : fail({ code: failureCode(error) })));
  outgoing.once('close', () => fail({ code: 'CLOSED' }));
  request.signal?.addEventListener('abort', stop, { once: true });
  try {
    // What the connection has to say comes by its events; this is about the file that is sent.
    sendBody(outgoing, request.body, watch).catch((error: unknown) => error instanceof SendingEnded || reject(error));
    const answer = await promise;
    // An answer may come before all is sent (a name that is taken): the rest is of no use, nor is the connection.
    if (!outgoing.writableEnded) answer.once('end', stop);
    return answer;
  } catch (error) {
    outgoing.destroy();
    request.signal?.throwIfAborted();
    throw error;
  } finally {
    request.signal?.removeEventListener('abort', stop);
  }
}

/** Nobody takes the rest: the connection has closed, or the answer came before all was sent. */
class SendingEnded extends Error {}

/** Sends the body piece by piece, each when the one before is with the system. */
async function sendBody(outgoing: ClientRequest, body: ExchangeRequest['body'], watch: IdleWatch): Promise<void> {
  let ended = false;
  let giveUp: (() => void) | undefined;
  const end = (): void => {
    ended = true;
    // A piece may wait for a connection that never comes: its write is not heard of again.
    giveUp?.();
  };
  outgoing.once('close', end).once('response', end);
  await body?.sendTo((bytes) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    giveUp = () => reject(new SendingEnded());
    if (ended) giveUp();
    else
      outgoing.write(bytes, (error) => {
        watch.touch();
        if (error) giveUp?.();
        else resolve();
      });
    return promise;
  });
  outgoing.end();
}

/** Reads an answer's body whole, up to a limit. @throws {BoxCallError} status 0: it ended early, stalled or is too long. */
export async function readBody(
  answer: IncomingMessage,
  operation: string,
  limitBytes: number,
  idleTimeoutMs: number,
  signal?: AbortSignal,
): Promise<Buffer> {
  const parts: Buffer[] = [];
  let sizeBytes = 0;
  let failure: BoxCallError | undefined;
  const giveUp = (code: string): void => {
    failure ??= new BoxCallError({ operation, status: 0, code });
    answer.destroy();
  };
  const stop = (): void => giveUp('STOPPED');
  using watch = new IdleWatch(idleTimeoutMs, () => giveUp('IDLE'));
  signal?.addEventListener('abort', stop, { once: true });
  try {
    for await (const part of answer as AsyncIterable<Buffer>) {
      watch.touch();
      sizeBytes += part.length;
      if (sizeBytes > limitBytes) giveUp('TOO_LONG');
      parts.push(part);
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw failure ?? networkFailure(operation, error);
  } finally {
    signal?.removeEventListener('abort', stop);
  }
  signal?.throwIfAborted();
  if (failure) throw failure;
  if (!answer.complete) throw new BoxCallError({ operation, status: 0, code: 'CUT' });
  return Buffer.concat(parts, sizeBytes);
}

/** Keeps the errno alone: messages and causes of network errors may carry signed links. */
export function networkFailure(operation: string, error: unknown): BoxCallError {
  if (error instanceof BoxCallError) return error;
  return new BoxCallError({ operation, status: 0, code: failureCode(error) });
}

function failureCode(error: unknown): string {
  return errnoOf(error) ?? (error instanceof Error && 'code' in error ? String(error.code) : 'NETWORK');
}
