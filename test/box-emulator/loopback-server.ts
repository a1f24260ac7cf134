import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { handleRequest, type HandlerParts } from './request-handler.ts';

// Longer than any client keeps an idle connection: the client closes first, so no request meets a closing socket.
const KEEP_ALIVE_MS = 120_000;
const REQUEST_MS = 3_600_000;

/** One port. It keeps its number when it stops and listens again. */
export class LoopbackServer {
  readonly #parts: HandlerParts;
  readonly #face: 'api' | 'download';
  #server: Server | undefined;
  #port: number;

  constructor(parts: HandlerParts, face: 'api' | 'download', port: number) {
    this.#parts = parts;
    this.#face = face;
    this.#port = port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async listen(): Promise<void> {
    if (this.#server) return;
    const server = createServer(
      { keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: REQUEST_MS },
      (request, response) => {
        void handleRequest(this.#parts, this.#face, request, response);
      },
    );
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }
}
