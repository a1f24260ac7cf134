import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BoxItem, Role } from './box-items.ts';
import { currentVersion } from './box-items.ts';
import type { BoxState } from './box-state.ts';
import { checkConduct, type CheckFinding, type CheckOptions } from './checks.ts';
import { DEFAULTS, OWNER, type SERVICE_ACCOUNT, type BoxEmulatorOptions } from './emulator-options.ts';
import { FaultPlan } from './fault-plan.ts';
import { RateLimiter } from './rate-limiter.ts';
import { LoopbackServer } from './loopback-server.ts';
import { newState } from './new-state.ts';
import type { HandlerParts } from './request-handler.ts';
import { RequestLog, type RequestRecord } from './request-log.ts';
import * as seeding from './seeding.ts';
import type { Scope, TokenAnswer } from './tokens.ts';

export type { BoxEmulatorOptions } from './emulator-options.ts';

/** A folder or file as seeding gives it back. */
export interface SeededItem {
  readonly id: string;
  readonly name: string;
}

/** A Box account on two loopback ports. Made by {@link startBoxEmulator}; `close` ends all of it. */
export class BoxEmulator implements AsyncDisposable {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly faults = new FaultPlan();
  readonly requests = new RequestLog();
  /** Errors of the emulator itself; a test that finds any has found a defect here. */
  readonly defects: string[] = [];
  readonly #box: BoxState;
  readonly #api: LoopbackServer;
  readonly #download: LoopbackServer;
  readonly #closing = new AbortController();

  private constructor(box: BoxState, options: BoxEmulatorOptions) {
    this.#box = box;
    this.clientId = options.clientId ?? DEFAULTS.clientId;
    this.clientSecret = options.clientSecret ?? DEFAULTS.clientSecret;
    const limiter = options.rateLimits && new RateLimiter(box.clock, options.rateLimits);
    const parts: HandlerParts = {
      box,
      log: this.requests,
      faults: this.faults,
      limiter,
      emulator: this,
      loopbackUrls: () => ({ uploadUrl: this.uploadUrl, downloadUrl: this.downloadUrl }),
    };
    this.#api = new LoopbackServer(parts, 'api', options.apiPort ?? 0);
    this.#download = new LoopbackServer(parts, 'download', options.downloadPort ?? 0);
  }

  static async start(options: BoxEmulatorOptions): Promise<BoxEmulator> {
    const emulator = new BoxEmulator(await newState(options), options);
    await emulator.#api.listen();
    await emulator.#download.listen();
    return emulator;
  }

  /** As the SDK's `baseUrl`. */
  get apiUrl(): string {
    return this.#api.url;
  }

  /** As the SDK's `uploadUrl`. */
  get uploadUrl(): string {
    return `${this.#api.url}/api`;
  }

  get downloadUrl(): string {
    return this.#download.url;
  }

  /** As the SDK's `oauth2Url`: `/authorize` and `/token` are below it. */
  get oauthUrl(): string {
    return `${this.#api.url}/api/oauth2`;
  }

  seedFolder(folderPath: string, parentId?: string): SeededItem {
    return seeding.seedFolder(this.#box, folderPath, parentId);
  }

  async seedFile(
    filePath: string,
    content: seeding.SeedContent,
    options?: seeding.SeedFileOptions,
  ): Promise<SeededItem & { readonly sha1: string }> {
    const file = await seeding.seedFile(this.#box, filePath, content, options);
    return { id: file.id, name: file.name, sha1: currentVersion(file).content.sha1 };
  }

  /** Puts a directory of this machine into a folder, sub-directories too. */
  async seedDirectory(directory: string, folderId = '0'): Promise<void> {
    await seeding.seedDirectory(this.#box, directory, this.#box.tree.folder(folderId));
  }

  /** Many small files at once; 100,000 take less than a second. */
  seedMany(folderId: string, count: number, name: (index: number) => string): void {
    seeding.seedMany(this.#box, this.#box.tree.folder(folderId), count, name);
  }

  /** A web link, or an entry of any other type. */
  seedOther(itemPath: string, type = 'web_link', parentId?: string): SeededItem {
    return seeding.seedOther(this.#box, itemPath, type, parentId);
  }

  /** Every file below a folder, in order of path. */
  list(folderId = '0'): seeding.StoredFile[] {
    return seeding.listStored(this.#box.tree.folder(folderId));
  }

  /** The current bytes of a file. */
  async read(fileId: string): Promise<Buffer> {
    const { content } = currentVersion(this.#box.tree.file(fileId));
    const chunks: Buffer[] = [];
    for await (const chunk of content.read(0, content.sizeBytes - 1) as AsyncIterable<Buffer>) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  /** Whether there is an active item with that ID. */
  has(id: string): boolean {
    return this.#box.tree.find(id)?.status === 'active';
  }

  trashItem(id: string): void {
    this.#box.tree.trash(this.#item(id));
  }

  removeItem(id: string): void {
    this.#box.tree.remove(this.#item(id));
  }

  renameItem(id: string, name: string): void {
    this.#box.tree.relocate(this.#item(id), { name });
  }

  moveItem(id: string, folderId: string): void {
    this.#box.tree.relocate(this.#item(id), { parent: this.#box.tree.folder(folderId) });
  }

  async addVersion(fileId: string, content: seeding.SeedContent): Promise<void> {
    this.#box.tree.addVersion(this.#box.tree.file(fileId), await seeding.toContent(content));
  }

  lockFile(fileId: string, locked = true): void {
    this.#box.tree.file(fileId).locked = locked;
  }

  /** What a user may do in a folder and below it; the owner of the account when no user is named. */
  setRole(folderId: string, role: Role, user: { readonly id: string } = OWNER): void {
    this.#box.tree.folder(folderId).roles.set(user.id, role);
  }

  /** Makes a shared link to a file or folder, and gives its address. */
  share(itemId: string, password?: string): string {
    const link = `https://app.box.com/s/${randomBytes(16).toString('hex')}`;
    this.#box.sharedLinks.set(link, { itemId, password });
    return link;
  }

  setStorageLimit(bytes: number): void {
    this.#box.settings.storageLimitBytes = bytes;
  }

  setConsent(consent: 'approve' | 'deny'): void {
    this.#box.settings.consent = consent;
  }

  /** Tokens as a finished login gives them. `refreshable: false` is a developer token. */
  issueTokens(
    options: { scope?: Scope; refreshable?: boolean; user?: typeof OWNER | typeof SERVICE_ACCOUNT } = {},
  ): TokenAnswer {
    return this.#box.tokens.issue(options.user ?? OWNER, options);
  }

  expireAccessTokens(): void {
    this.#box.tokens.expireAccessTokens();
  }

  /** All logins are over: no token is good any more. */
  revokeLogins(): void {
    this.#box.tokens.revokeAll();
  }

  expireDownloadUrls(): void {
    this.#box.links.expireAll();
  }

  /** Every token, code, signature and the client secret handed out so far: none may be found in what a program leaves. */
  secrets(): string[] {
    return [...this.#box.tokens.secrets];
  }

  /** Stops accepting connections on a host, and cuts those there are, until {@link acceptConnections}. */
  async refuseConnections(server: 'api' | 'download'): Promise<void> {
    await (server === 'api' ? this.#api : this.#download).stop();
  }

  async acceptConnections(server: 'api' | 'download'): Promise<void> {
    await (server === 'api' ? this.#api : this.#download).listen();
  }

  /** What clients did that they should not; empty is good. */
  checks(options: CheckOptions = {}): CheckFinding[] {
    return checkConduct(this.#box, this.requests, options);
  }

  /** Waits; ends early, without an error, when the emulator closes. */
  async sleep(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#closing.signal }).catch(() => undefined);
  }

  reportDefect(error: unknown, record: RequestRecord): void {
    this.defects.push(`${record.method} ${record.endpoint}: ${error instanceof Error ? error.stack : String(error)}`);
  }

  /** Cuts all connections, frees the ports and removes the temporary files. Safe to call twice. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#api.stop();
    await this.#download.stop();
    await this.#box.sessions.close();
    await this.#box.contents.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #item(id: string): BoxItem {
    const item = this.#box.tree.find(id);
    if (!item) throw new Error(`the emulator has no item ${id}`);
    return item;
  }
}

/** Starts a Box account on loopback ports. The caller closes it. */
export async function startBoxEmulator(options: BoxEmulatorOptions = {}): Promise<BoxEmulator> {
  return BoxEmulator.start(options);
}
