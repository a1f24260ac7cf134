import type { Agent, IncomingMessage } from 'node:http';
import type { FetchOptionsInput, FetchResponse, NetworkClient } from 'box-node-sdk/networking';
import { BoxCallError, operationOf, readFailure } from './box-call-error.ts';
import type { Clock } from './clock.ts';
import { exchange, readBody } from './http-exchange.ts';
import { makeRequestBody } from './request-body.ts';
import { parseRetryAfter } from './retry-policy.ts';

/** A listing of 1,000 entries with metadata takes about 2 MB. */
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;

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
      const retryAfterMs = parseRetryAfter(answer.headers['retry-after'], this.#clock.now());
      throw readFailure(operation, status, retryAfterMs, tryParse(bytes));
    }
    return { url, status, headers: plainHeaders(answer), ...parseAnswer(bytes, options.responseFormat, operation) };
  }
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
