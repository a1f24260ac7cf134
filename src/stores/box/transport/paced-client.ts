import type { FetchOptionsInput, FetchResponse, NetworkClient } from 'box-node-sdk/networking';
import type { Pace } from './pace.ts';

/** Keeps calls within Box's rate limits: each attempt counts as a call, each that stores a file as an upload too. */
export class PacedClient implements NetworkClient {
  readonly #inner: NetworkClient;
  readonly #calls: Pace;
  readonly #uploads: Pace;

  constructor(inner: NetworkClient, calls: Pace, uploads: Pace) {
    this.#inner = inner;
    this.#calls = calls;
    this.#uploads = uploads;
  }

  async fetch(options: FetchOptionsInput): Promise<FetchResponse> {
    const signal = options.cancellationToken;
    if (options.method === 'POST' && /\/(?:content|commit)$/.test(options.url)) await this.#uploads.take(signal);
    await this.#calls.take(signal);
    return this.#inner.fetch(options);
  }
}
