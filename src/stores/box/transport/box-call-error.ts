import { isBoxId } from './read-facts.ts';

/** A file or folder that has the name already, as a 409 tells of it. */
export interface NameConflict {
  readonly type: string;
  readonly id: string;
  readonly name: string;
  readonly etag?: string | undefined;
  /** Lower-case hex; files only. */
  readonly sha1?: string | undefined;
}

/** Names the calls to the download host in errors: their addresses are signed. */
export const DOWNLOAD = 'GET download';

/** What went wrong with one call. Holds nothing secret: no headers, no query, no body of ours. */
export interface BoxCallFacts {
  /** `GET /2.0/files/123`. */
  readonly operation: string;
  /** HTTP status of Box; 0 where no complete answer of Box came. */
  readonly status: number;
  /** Box's own code (`not_found`, `invalid_grant`), or the errno where no answer came (`ECONNRESET`, `IDLE`, `GARBLED`). */
  readonly code?: string | undefined;
  /** How long Box asks us to wait. */
  readonly retryAfterMs?: number | undefined;
  readonly conflicts?: readonly NameConflict[] | undefined;
  /** Where the call went, without path and query; told where no answer came. */
  readonly host?: string | undefined;
  /** The proxy it went through, as `host:port`; told where no answer came. */
  readonly proxy?: string | undefined;
  /** What the proxy, or whatever answered in Box's place, said. */
  readonly proxyStatus?: number | undefined;
  /** What Box support asks for. */
  readonly requestId?: string | undefined;
}

/** One call to Box that did not end well. Stays within this adapter: classify.ts turns it into the program's errors. */
export class BoxCallError extends Error {
  override readonly name = 'BoxCallError';
  readonly facts: BoxCallFacts;
  /** Attempts made at the call so far: after the first, a refusal may be about what an earlier one achieved. */
  attempts = 1;

  constructor(facts: BoxCallFacts) {
    const answer = facts.status === 0 ? 'did not get an answer' : `answered ${facts.status}`;
    super(`${facts.operation} ${answer}${facts.code === undefined ? '' : ` (${facts.code})`}`);
    this.facts = facts;
  }

  get status(): number {
    return this.facts.status;
  }

  get code(): string | undefined {
    return this.facts.code;
  }
}

/** Names a call for people and logs: method and path, without host and query, which may carry secrets. */
export function operationOf(method: string, url: string): string {
  const path = URL.parse(url)?.pathname ?? '';
  // Session and download paths hold signed keys: only IDs of up to 20 digits and plain words are kept.
  const safe = path
    .split('/')
    .map((part) => (/^(?:[a-z_.]{1,24}|\d[\d.]{0,19})$/i.test(part) || part === '' ? part : '*'));
  return `${method} ${safe.join('/')}`;
}

/** Reads what a failed answer tells. Box writes `code`, its token call `error`; bodies may be missing or foreign. */
export function readFailure(
  operation: string,
  status: number,
  retryAfterMs: number | undefined,
  body: unknown,
): BoxCallError {
  const record = asRecord(body);
  const code = asWord(record?.['code']) ?? asWord(record?.['error']);
  const context = asRecord(record?.['context_info']);
  return new BoxCallError({
    operation,
    status,
    code,
    retryAfterMs,
    conflicts: readConflicts(context?.['conflicts']),
    requestId: asWord(record?.['request_id']),
  });
}

/** Box gives an object for a file in the way and an array for folders. */
function readConflicts(value: unknown): NameConflict[] | undefined {
  if (value === undefined || value === null) return undefined;
  const items = Array.isArray(value) ? value : [value];
  return items.flatMap((item: unknown) => {
    const record = asRecord(item);
    const id = asText(record?.['id']);
    if (!record || id === undefined || !isBoxId(id)) return [];
    return [
      {
        type: asText(record['type']) ?? 'file',
        id,
        name: asText(record['name']) ?? '',
        etag: asText(record['etag']),
        sha1: asText(record['sha1'])?.toLowerCase(),
      },
    ];
  });
}

/** Codes and numbers that people are shown: nothing longer, and nothing that a terminal would obey. */
function asWord(value: unknown): string | undefined {
  const text = asText(value);
  return text !== undefined && /^[\w.:-]{1,80}$/.test(text) ? text : undefined;
}

export function asRecord(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;
}

export function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
