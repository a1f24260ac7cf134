import type { EndpointName, HostName } from './call.ts';

/** One request as it was answered. Holds nothing that could be used: tokens are tags, signatures are left out. */
export interface RequestRecord {
  /** 1-based, over all hosts. */
  readonly number: number;
  /** On the emulator's clock. */
  readonly atMs: number;
  readonly endpoint: EndpointName | 'unknown';
  readonly method: string;
  readonly host: HostName;
  /** The Host header: Box's own name when the client came through the proxy. */
  readonly hostHeader: string;
  readonly path: string;
  /** First eight hex digits of the token's SHA-256, or `none`. */
  readonly authorization: string;
  /** Undefined: no answer was sent, or it has not ended yet. */
  status: number | undefined;
  /** The file a call was about, once that is known. */
  fileId: string | undefined;
  /** Name of the fault it met. */
  fault: string | undefined;
}

/** Beyond this the oldest half is forgotten; the counts stay. */
const MAX_RECORDS = 500_000;

/** Every request the emulator got, in order. */
export class RequestLog {
  readonly records: RequestRecord[] = [];
  readonly #counts = new Map<string, number>();
  readonly #callsOfFile = new Map<string, number>();
  #count = 0;

  add(record: Omit<RequestRecord, 'number' | 'status' | 'fileId' | 'fault'>): RequestRecord {
    const full: RequestRecord = {
      number: ++this.#count,
      ...record,
      status: undefined,
      fileId: undefined,
      fault: undefined,
    };
    this.records.push(full);
    if (this.records.length > MAX_RECORDS) this.records.splice(0, MAX_RECORDS / 2);
    this.#counts.set(record.endpoint, this.count(record.endpoint) + 1);
    return full;
  }

  /** Charges an API call to the file it turned out to be about. */
  charge(record: RequestRecord, fileId: string): void {
    if (record.fileId !== undefined) return;
    record.fileId = fileId;
    if (record.host !== 'download') this.#callsOfFile.set(fileId, this.callsOfFile(fileId) + 1);
  }

  /** Requests of one endpoint, or of all. */
  count(endpoint?: EndpointName | 'unknown'): number {
    return endpoint === undefined ? this.#count : (this.#counts.get(endpoint) ?? 0);
  }

  callsOfFile(fileId: string): number {
    return this.#callsOfFile.get(fileId) ?? 0;
  }

  filesCharged(): string[] {
    return [...this.#callsOfFile.keys()];
  }

  /** Forgets all: for counting from here on. */
  clear(): void {
    this.records.length = 0;
    this.#counts.clear();
    this.#callsOfFile.clear();
    this.#count = 0;
  }
}
