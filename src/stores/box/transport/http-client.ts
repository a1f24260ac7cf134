import type { Agent, IncomingMessage } from 'node:http';
import type { FetchOptionsInput, FetchResponse, NetworkClient } from 'box-node-sdk/networking';
import { BoxCallError, operationOf, readFailure } from './box-call-error.ts';
import type { Clock } from './clock.ts';
import { exchange, readBody } from './http-exchange.ts';
import { FOREIGN_PAGE } from './network-errors.ts';
import { makeRequestBody } from './request-body.ts';
import { parseRetryAfter } from './retry-policy.ts';

/** A listing of 1,000 entries with metadata takes about 2 MB. */
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;

/** Forbidden, proxy authentication required, unavailable for legal reasons, network authentication required. */
const FOREIGN_REFUSALS = new Set([403, 407, 451, 511]);

/**
 * Makes one attempt at a call of the SDK, in bounded memory and time. Takes the place of the SDK's own client, which
 * holds uploads twice in memory, never times out and loses the status of answers that are not JSON.
 * @throws {BoxCallError} for every answer that is no success, 202 ("not yet") included.
 */
export class HttpClient implements NetworkClient {
  readonly #agent: Agent;
  readonly #clock: Clock;
  readonly #idleTimeoutMs: number;

  constructor(agent: Agent, clock: Clock, idleTimeoutMs: number) {
    this.#agent = agent;
    this.#clock = clock;
    this.#idleTimeoutMs = idleTimeoutMs;
  }

  async fetch(options: FetchOptionsInput): Promise<FetchResponse> {
    const method = options.method.toUpperCase();
    const query = new URLSearchParams(options.params).toString();
    const url = query === '' ? options.url : `${options.url}?${query}`;
    const operation = operationOf(method, url);
    const signal = options.cancellationToken;
    const body = makeRequestBody(options);
    const answer = await exchange({
      url,
      method,
      headers: { accept: 'application/json', 'user-agent': 'ocr-pipeline', ...body?.headers, ...options.headers },
      body,
      agent: this.#agent,
      idleTimeoutMs: this.#idleTimeoutMs,
      signal,
    });
    const status = answer.statusCode ?? 0;
    const bytes = await readBody(answer, operation, MAX_ANSWER_BYTES, this.#idleTimeoutMs, signal);
    const redirect = status >= 300 && status < 400 && options.followRedirects === false;
    if (!redirect && (status < 200 || status >= 300 || status === 202)) {
      if (isForeign(status, answer))
        throw new BoxCallError({
          operation,
          status: 0,
          code: FOREIGN_PAGE,
          host: URL.parse(url)?.origin,
          proxyStatus: status,
        });
      const retryAfterMs = parseRetryAfter(answer.headers['retry-after'], this.#clock.now());
      throw readFailure(operation, status, retryAfterMs, tryParse(bytes));
    }
    return { url, status, headers: plainHeaders(answer), ...parseAnswer(bytes, options.responseFormat, operation) };
  }
}

/** Refusals that Box would give as JSON or without a body: a page was written by something between Box and us. */
function isForeign(status: number, { headers }: IncomingMessage): boolean {
  return FOREIGN_REFUSALS.has(status) && /^text\/html\b/i.test(headers['content-type'] ?? '');
}

function parseAnswer(
  bytes: Buffer,
  format: FetchOptionsInput['responseFormat'],
  operation: string,
): Pick<FetchResponse, 'data'> {
  if (format === 'no_content' || bytes.length === 0) return {};
  const data = tryParse(bytes) as FetchResponse['data'];
  // A success that is not JSON was written by something between Box and us.
  if (data === undefined) throw new BoxCallError({ operation, status: 0, code: 'GARBLED' });
  return { data };
}

function tryParse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}

function plainHeaders(answer: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(answer.headers)) if (typeof value === 'string') headers[name] = value;
  return headers;
}
