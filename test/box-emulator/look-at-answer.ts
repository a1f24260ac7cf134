import { request as httpRequest, type IncomingMessage } from 'node:http';

/** What a careful client sees of an answer on the wire. */
export interface SeenAnswer {
  readonly status: number | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  /** How it ended: whole as far as HTTP can tell, cut, without any answer, or silent until the client gave up. */
  readonly end: 'whole' | 'cut' | 'no-answer' | 'silent';
}

export interface LookOptions {
  readonly method?: string | undefined;
  readonly body?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** Makes one bare HTTP request and tells all about its answer; never rejects. Gives up after `idleMs` without a byte. */
export async function lookAtAnswer(url: string, idleMs: number, options: LookOptions = {}): Promise<SeenAnswer> {
  const { promise, resolve } = Promise.withResolvers<SeenAnswer>();
  const chunks: Buffer[] = [];
  let status: number | undefined;
  let headers: IncomingMessage['headers'] = {};
  const settle = (end: SeenAnswer['end']) => resolve({ status, headers, body: Buffer.concat(chunks), end });
  const { method = 'GET', body } = options;
  // Said outright: for some methods Node would send a body without its length.
  const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
  const request = httpRequest(url, { method, headers: { ...options.headers, ...length }, agent: false }, (response) => {
    status = response.statusCode;
    headers = response.headers;
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('end', () => settle('whole'));
    response.on('error', () => settle('cut'));
  });
  request.on('error', () => settle(status === undefined ? 'no-answer' : 'cut'));
  request.setTimeout(idleMs, () => {
    settle('silent');
    request.destroy();
  });
  request.end(body);
  return promise;
}
