import { createServer, type IncomingMessage, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Duplex } from 'node:stream';
import { createSecureContext, TLSSocket, type SecureContext } from 'node:tls';
import { createLocalAuthority } from './certificates.ts';

/** One attempt to reach a host through the proxy. */
export interface ProxyContact {
  readonly host: string;
  readonly port: number;
  /** False: it is not one of Box's, and was refused. */
  readonly allowed: boolean;
}

const API_HOSTS = ['api.box.com', 'upload.box.com', 'app.box.com', 'account.box.com'] as const;
const DOWNLOAD_HOSTS = ['dl.boxcloud.com'] as const;
/** Beyond this contacts are no longer remembered one by one. */
const MAX_CONTACTS = 100_000;

/** What the proxy leads to: the emulator's two hosts. */
export interface ProxyTarget {
  readonly apiUrl: string;
  readonly downloadUrl: string;
}

/**
 * A CONNECT proxy on 127.0.0.1 that is Box for whoever trusts its certificate authority: it ends TLS for Box's host
 * names and leads the bytes, unchanged, to the emulator. All other hosts are refused and remembered.
 */
export class ConnectProxy implements AsyncDisposable {
  readonly contacts: ProxyContact[] = [];
  /** PEM file of the authority, for `NODE_EXTRA_CA_CERTS` or rclone's `--ca-cert`; gone after `close`. */
  readonly authorityFile: string;
  readonly #server: Server;
  readonly #folder: string;
  readonly #context: SecureContext;
  readonly #target: ProxyTarget;
  readonly #sockets = new Set<Duplex>();

  private constructor(target: ProxyTarget, folder: string, context: SecureContext) {
    this.#target = target;
    this.#folder = folder;
    this.#context = context;
    this.authorityFile = path.join(folder, 'authority.pem');
    this.#server = createServer((request, response) => {
      const host = URL.canParse(request.url ?? '') ? new URL(request.url ?? '').host : (request.headers.host ?? '');
      this.#remember({ host, port: 80, allowed: false });
      response.writeHead(403).end('This proxy leads to Box alone, by CONNECT.\n');
    });
    this.#server.on('connect', (request: IncomingMessage, socket: Duplex) => this.#connect(request, socket as Socket));
    this.#server.on('connection', (socket: Socket) => this.#keep(socket));
  }

  static async start(target: ProxyTarget): Promise<ConnectProxy> {
    const folder = await mkdtemp(path.join(tmpdir(), 'box-proxy-'));
    const { authorityPem, server } = createLocalAuthority([...API_HOSTS, ...DOWNLOAD_HOSTS]);
    const context = createSecureContext({ key: server.keyPem, cert: server.certificatePem });
    const proxy = new ConnectProxy(target, folder, context);
    await writeFile(proxy.authorityFile, authorityPem);
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once('error', reject);
      proxy.#server.listen(0, '127.0.0.1', resolve);
    });
    return proxy;
  }

  /** For `HTTPS_PROXY`. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The environment of a program that is to see Box here and nothing else. */
  get environment(): Readonly<Record<string, string>> {
    const { url, authorityFile } = this;
    return {
      HTTPS_PROXY: url,
      https_proxy: url,
      HTTP_PROXY: url,
      http_proxy: url,
      NODE_EXTRA_CA_CERTS: authorityFile,
      NO_PROXY: '',
      no_proxy: '',
    };
  }

  /** Names of the hosts somebody tried to reach, refused ones too. */
  hosts(): string[] {
    return [...new Set(this.contacts.map(({ host }) => host))].sort();
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
    await rm(this.#folder, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #connect(request: IncomingMessage, socket: Socket): void {
    const [host = '', port = ''] = (request.url ?? '').split(':');
    const upstreamUrl = port === '443' ? this.#upstreamOf(host) : undefined;
    this.#remember({ host, port: Number(port), allowed: upstreamUrl !== undefined });
    if (upstreamUrl === undefined) {
      socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n');
      return;
    }
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    const secure = new TLSSocket(socket, {
      isServer: true,
      secureContext: this.#context,
      ALPNProtocols: ['http/1.1'],
    });
    const upstream = connect(Number(new URL(upstreamUrl).port), '127.0.0.1');
    this.#keep(upstream);
    joinEnds(secure, socket, upstream);
  }

  #upstreamOf(host: string): string | undefined {
    if ((API_HOSTS as readonly string[]).includes(host)) return this.#target.apiUrl;
    return (DOWNLOAD_HOSTS as readonly string[]).includes(host) ? this.#target.downloadUrl : undefined;
  }

  #remember(contact: ProxyContact): void {
    if (this.contacts.length < MAX_CONTACTS) this.contacts.push(contact);
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  }
}

/** Starts the proxy before an emulator. The caller closes it. */
export async function startConnectProxy(target: ProxyTarget): Promise<ConnectProxy> {
  return ConnectProxy.start(target);
}

/** Leads bytes both ways; a close stays a close and a reset stays a reset, so that faults arrive as they were made. */
function joinEnds(secure: TLSSocket, client: Socket, upstream: Socket): void {
  secure.pipe(upstream);
  upstream.pipe(secure);
  upstream.on('error', () => client.resetAndDestroy());
  secure.on('error', () => upstream.destroy());
  client.on('error', () => upstream.destroy());
  secure.on('close', () => upstream.destroy());
  upstream.on('close', () => secure.end());
}
