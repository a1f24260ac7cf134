import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { AccessError } from '../../../core/errors.ts';
import { readRedirect } from './redirect.ts';
import { hasErrno } from '../../../core/errno.ts';

/** The port that is tried first: the one the instructions name, so that it can be typed before the program runs. */
export const USUAL_PORT = 53_682;

export interface ListenerOptions {
  readonly port: number;
  readonly state: string;
  /** A word that must follow the port to be sent on to Box: other users of this computer can reach the port too. */
  readonly key: string;
  /** Where to send them, once the port is known. */
  readonly authorizeAddress: (redirectUri: string) => string;
}

/** Waits on this computer for the browser to come back from Box. Close it. */
export interface RedirectListener extends AsyncDisposable {
  readonly redirectUri: string;
  /** What a person opens: leads on to Box. */
  readonly startAddress: string;
  /** Settles with the code; rejects when the person said no. */
  readonly code: Promise<string>;
}

/** Listens on 127.0.0.1, on another port where the usual one is taken (Box allows any for localhost). */
export async function listenForRedirect(options: ListenerOptions): Promise<RedirectListener> {
  const { promise: code, resolve, reject } = Promise.withResolvers<string>();
  // Whoever waits elsewhere (a pasted address) may never look at it.
  code.catch(() => undefined);
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 10_000 });
  const port = await listen(server, options.port);
  const redirectUri = `http://localhost:${port}/`;
  server.on('request', (request, response) => {
    // Any user of this computer may send anything: what is not a path of ours is not looked at.
    const url = /^\/(?!\/)/.test(request.url ?? '') ? URL.parse(request.url ?? '', redirectUri) : null;
    if (request.method !== 'GET' || !isLocalName(request) || url?.origin !== new URL(redirectUri).origin)
      return answer(response, 400, 'This is not for you.');
    if (url.pathname === `/${options.key}`) {
      response.writeHead(302, { location: options.authorizeAddress(redirectUri), 'cache-control': 'no-store' }).end();
      return;
    }
    const redirect = readRedirect(url.href, options.state);
    if (redirect.kind === 'code') {
      answer(response, 200, 'Logged in to Box. You can close this page and go back to ocr-pipeline.');
      resolve(redirect.code);
    } else if (redirect.kind === 'denied') {
      answer(response, 200, 'You did not allow it; nothing was changed. You can close this page.');
      reject(
        new AccessError('BOX_LOGIN_DENIED', 'Box was told not to let this program in.', {
          remedy: 'ocr-pipeline login box',
        }),
      );
    } else answer(response, 400, 'This page belongs to a login of ocr-pipeline. Open the address it printed.');
  });
  return {
    redirectUri,
    startAddress: `${redirectUri}${options.key}`,
    code,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((settle) => server.close(() => settle()));
      // A browser keeps connections open; the last page has been sent by now.
      setTimeout(() => server.closeAllConnections(), 200).unref();
      await closed;
    },
  };
}

/** Another site's page must not talk to us through a name that it points to this computer. */
function isLocalName(request: IncomingMessage): boolean {
  return /^(?:localhost|127\.0\.0\.1)(?::\d+)?$/.test(request.headers.host ?? '');
}

function answer(response: ServerResponse, status: number, text: string): void {
  const page = `<!doctype html><html lang="en"><meta charset="utf-8"><title>ocr-pipeline</title><p>${text}</p></html>\n`;
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    // The code in the address goes nowhere else.
    'referrer-policy': 'no-referrer',
    connection: 'close',
  });
  response.end(page);
}

async function listen(server: Server, port: number): Promise<number> {
  for (const candidate of [port, 0]) {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once('listening', resolve).once('error', reject);
    server.listen(candidate, '127.0.0.1');
    const failure = await promise.then(
      () => undefined,
      (error: unknown) => error,
    );
    server.removeAllListeners('listening').removeAllListeners('error');
    const address = server.address();
    if (failure === undefined && address !== null && typeof address === 'object') return address.port;
    if (!hasErrno(failure, 'EADDRINUSE')) throw failure;
  }
  throw new AccessError('BOX_LOGIN_PORT', 'No port on this computer is free to wait for Box.');
}
