import type { IncomingMessage, ServerResponse } from 'node:http';
import { ApiProblem, notFound } from './api-problem.ts';
import type { BoxEmulator } from './box-emulator.ts';
import type { BoxState } from './box-state.ts';
import type { Answer, Call, HostUrls } from './call.ts';
import { memoryContent } from './contents.ts';
import { bearer, faceOf, fileOf, recordOf } from './describe-request.ts';
import type { AnswerFault, FaultEffect } from './fault-effect.ts';
import type { FaultPlan, PlannedFault } from './fault-plan.ts';
import type { RateLimiter } from './rate-limiter.ts';
import type { RequestLog, RequestRecord } from './request-log.ts';
import { findRoute, type RouteMatch } from './routes.ts';
import { sendAnswer, type WireAnswer } from './send-answer.ts';

export interface HandlerParts {
  readonly box: BoxState;
  readonly log: RequestLog;
  readonly faults: FaultPlan;
  readonly limiter: RateLimiter | undefined;
  /** The whole, for faults that act on it. */
  readonly emulator: BoxEmulator;
  /** Where answers point to for clients that came by the loopback ports. */
  readonly loopbackUrls: () => HostUrls;
}

const PRODUCTION: HostUrls = { uploadUrl: 'https://upload.box.com/api', downloadUrl: 'https://dl.boxcloud.com' };

/** The client went away while its request was read: Node says so with this errno, also where all of it had arrived. */
function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ECONNRESET';
}

/** Takes one request from its first byte to the end of its answer. Never throws: a defect is answered by 500. */
export async function handleRequest(
  parts: HandlerParts,
  server: 'api' | 'download',
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://emulator.invalid');
  const { host, path } = faceOf(server, url.pathname);
  const match = findRoute(host, request.method ?? '', path);
  const record = parts.log.add(recordOf(parts.box, request, url, host, match));
  const fileId = match && fileOf(parts.box, match);
  if (fileId !== undefined) parts.log.charge(record, fileId);
  const planned = match ? parts.faults.take(record) : [];
  if (planned.length > 0) record.fault = planned.map(({ name }) => name).join(', ');
  // Sockets that faults reset, and clients that go away, are no errors of this server.
  request.on('error', () => undefined);
  response.on('error', () => undefined);
  try {
    await new Exchange(parts, request, response, record, planned).run(match, url);
  } catch (error) {
    if (!response.headersSent && !response.destroyed) {
      response.writeHead(500, { 'content-type': 'text/plain' }).end(`emulator defect: ${String(error)}`);
    } else {
      response.destroy();
    }
    if (!isGone(error) && (!request.destroyed || request.complete)) parts.emulator.reportDefect(error, record);
  }
}

/** One request and its answer, with what is to go wrong. */
class Exchange {
  readonly #parts: HandlerParts;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #record: RequestRecord;
  readonly #faults: readonly PlannedFault[];

  constructor(
    parts: HandlerParts,
    request: IncomingMessage,
    response: ServerResponse,
    record: RequestRecord,
    faults: readonly PlannedFault[],
  ) {
    this.#parts = parts;
    this.#request = request;
    this.#response = response;
    this.#record = record;
    this.#faults = faults;
  }

  async run(match: RouteMatch | undefined, url: URL): Promise<void> {
    await this.#act('before');
    await this.#prepare();
    const silent = this.#find('no-answer');
    const other = this.#find('answer');
    const executes = (silent ?? other)?.executed ?? !(silent ?? other);
    const answer = executes ? await this.#execute(match, url) : undefined;
    await this.#drain(silent);
    await this.#act('after');
    if (silent) {
      this.#silence(silent.how);
    } else if (other) {
      await this.#send(toWire(this.#otherAnswer(other)));
    } else if (answer) {
      await this.#send(answer);
    }
  }

  /** The right answer, with the changes that keep it well-formed. */
  async #execute(match: RouteMatch | undefined, url: URL): Promise<WireAnswer> {
    try {
      if (!match) throw notFound();
      const call = this.#callOf(match, url);
      if (call.user) this.#parts.limiter?.admit(call.user.id, call.endpoint);
      const answer = await match.route.handler(this.#parts.box, call);
      this.#charge(answer);
      return toWire(this.#changed(answer));
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      const requestId = `emulated${String(this.#record.number).padStart(8, '0')}`;
      const json = error.body(requestId);
      return toWire({ status: error.status, headers: error.headers, ...(json ? { json } : {}) });
    }
  }

  #callOf(match: RouteMatch, url: URL): Call {
    const { route, params } = match;
    const token = route.open ? undefined : this.#parts.box.tokens.check(bearer(this.#request));
    return {
      endpoint: route.endpoint,
      params: Object.fromEntries(Object.entries(params).map(([key, value]) => [key, decodeURIComponent(value)])),
      query: url.searchParams,
      request: this.#request,
      urls: isProduction(this.#request) ? PRODUCTION : this.#parts.loopbackUrls(),
      user: token?.user,
      scope: token?.scope,
      record: this.#record,
    };
  }

  #charge(answer: Answer): void {
    const json: { type?: string; id?: string; entries?: { type?: string; id?: string }[] } | undefined = answer.json;
    const made = json?.entries?.length === 1 ? json.entries[0] : json;
    const uploads = this.#record.endpoint === 'upload' || this.#record.endpoint === 'commit';
    if (uploads && made?.type === 'file' && made.id !== undefined) this.#parts.log.charge(this.#record, made.id);
  }

  #changed(answer: Answer): Answer {
    const redirect = this.#find('redirect');
    if (redirect && answer.status === 302) return { ...answer, headers: { ...answer.headers, location: redirect.url } };
    const edited = this.#find('edit');
    if (edited && answer.json) return { ...answer, json: edited.edit(answer.json) };
    if (this.#find('wrong-sha1') && answer.json) return { ...answer, json: withWrongSha1(answer.json) };
    return answer;
  }

  #otherAnswer(fault: AnswerFault): Answer & { html?: string } {
    const headers: Record<string, string> = {};
    if (typeof fault.retryAfter === 'number') headers['retry-after'] = String(fault.retryAfter);
    else if (fault.retryAfter) {
      headers['retry-after'] = new Date(Date.now() + fault.retryAfter.dateInSeconds * 1000).toUTCString();
    }
    const form = fault.body ?? 'json';
    if (form === 'empty') return { status: fault.status, headers };
    if (form === 'html') {
      const html = `<html><head><title>${fault.status}</title></head><body><h1>${fault.status}</h1></body></html>`;
      return { status: fault.status, headers, html };
    }
    const code = fault.code ?? 'error';
    const problem = new ApiProblem(fault.status, code, `The emulator was told to answer ${code}`, {
      contextInfo: fault.contextInfo,
    });
    return { status: fault.status, headers, json: problem.body('emulated-fault') ?? {} };
  }

  async #send(answer: WireAnswer): Promise<void> {
    this.#record.status = answer.status;
    await sendAnswer(this.#response, answer, this.#find('body'));
  }

  #silence(how: 'reset' | 'close' | 'silence'): void {
    if (how === 'reset') this.#request.socket.resetAndDestroy();
    if (how === 'close') this.#request.socket.end();
  }

  async #prepare(): Promise<void> {
    const delay = this.#find('delay');
    if (delay) await this.#parts.emulator.sleep(delay.delayMs);
    if (this.#find('ignore-range')) delete this.#request.headers.range;
  }

  /** Reads what the client still sends, so that it sees the answer; a connection that is to break is left as it is. */
  async #drain(breaking: { how: string } | undefined): Promise<void> {
    if (breaking && breaking.how !== 'silence') return;
    if (this.#request.readableEnded || this.#request.destroyed) return;
    for await (const _ of this.#request) {
      // Dropped.
    }
  }

  async #act(when: 'before' | 'after'): Promise<void> {
    for (const { effect } of this.#faults) {
      if (effect.kind === 'act' && (effect.when ?? 'before') === when) {
        await effect.act(this.#parts.emulator, this.#record.fileId);
      }
    }
  }

  #find<K extends FaultEffect['kind']>(kind: K): Extract<FaultEffect, { kind: K }> | undefined {
    for (const { effect } of this.#faults) {
      if (effect.kind === kind) return effect as Extract<FaultEffect, { kind: K }>;
    }
    return undefined;
  }
}

function isProduction(request: IncomingMessage): boolean {
  return /(^|\.)(box\.com|boxcloud\.com)(:\d+)?$/.test(request.headers.host ?? '');
}

function toWire(answer: Answer & { html?: string }): WireAnswer {
  const { status, headers = {} } = answer;
  if (answer.content) return { status, headers, body: answer.content };
  const text = answer.html ?? (answer.json ? JSON.stringify(answer.json) : '');
  const of = memoryContent(Buffer.from(text));
  const type = answer.html === undefined ? 'application/json' : 'text/html';
  const typed = text === '' ? headers : { 'content-type': type, ...headers };
  return { status, headers: typed, body: { of, start: 0, end: of.sizeBytes - 1 } };
}

function withWrongSha1(json: object): object {
  const text = JSON.stringify(json, (key, value: unknown) =>
    key === 'sha1' && typeof value === 'string' ? value.split('').toReversed().join('') : value,
  );
  return JSON.parse(text) as object;
}
