import { badRequest, ApiProblem, nameInUse, notFound, trashed } from './api-problem.ts';
import type { BoxFile, BoxFolder, BoxItem, FileVersion, OtherItem, Role } from './box-items.ts';
import { isFile, isFolder } from './box-items.ts';
import { boxTime, type EmulatorClock } from './clock.ts';
import type { Content } from './contents.ts';
import { miniItem } from './render-item.ts';

export interface TreeEvent {
  readonly id: string;
  readonly type: string;
  readonly item: BoxItem;
  readonly atMs: number;
}

const FIRST_ID = 100_000_000_001;
const MAX_NAME_CHARACTERS = 255;
/** Events kept for the events endpoint; older ones are forgotten, as in Box. */
const MAX_EVENTS = 10_000;

/** All items of the account by ID, with Box's rules on names. Knows nothing of HTTP or users' tokens. */
export class BoxTree {
  readonly root: BoxFolder;
  readonly events: TreeEvent[] = [];
  readonly #items = new Map<string, BoxItem>();
  readonly #clock: EmulatorClock;
  #nextId = FIRST_ID;
  #eventCount = 0;

  constructor(clock: EmulatorClock, ownerId: string) {
    this.#clock = clock;
    this.root = this.#newFolder('0', 'All Files', undefined);
    this.root.roles.set(ownerId, 'owner');
  }

  /** The item whatever its state. */
  find(id: string): BoxItem | undefined {
    return this.#items.get(id);
  }

  /** @throws {ApiProblem} 404 `not_found`, or `trashed` where it or a folder above it is in the trash. */
  file(id: string): BoxFile {
    const item = this.#active(id);
    if (!isFile(item)) throw notFound();
    return item;
  }

  /** @throws {ApiProblem} as {@link file}. */
  folder(id: string): BoxFolder {
    const item = this.#active(id);
    if (!isFolder(item)) throw notFound();
    return item;
  }

  createFolder(parent: BoxFolder, name: string): BoxFolder {
    this.requireFree(parent, name, { asArray: true });
    const folder = this.#newFolder(this.newId(), name, parent);
    this.#attach(folder, parent);
    this.#record('ITEM_CREATE', folder);
    return folder;
  }

  createFile(parent: BoxFolder, name: string, content: Content, contentModifiedAt?: string): BoxFile {
    this.requireFree(parent, name);
    const nowMs = this.#clock.nowMs();
    const file: BoxFile = {
      type: 'file',
      ...this.#base(this.newId(), name, parent),
      versions: [{ id: this.newId(), content, createdAtMs: nowMs }],
      contentModifiedAt: contentModifiedAt ?? boxTime(nowMs),
      locked: false,
      properties: undefined,
    };
    this.#attach(file, parent);
    this.#record('ITEM_UPLOAD', file);
    return file;
  }

  createOther(parent: BoxFolder, name: string, type: string, url: string): OtherItem {
    this.requireFree(parent, name);
    const item: OtherItem = { type, url, ...this.#base(this.newId(), name, parent) };
    this.#attach(item, parent);
    return item;
  }

  addVersion(file: BoxFile, content: Content, contentModifiedAt?: string): FileVersion {
    const version: FileVersion = { id: this.newId(), content, createdAtMs: this.#clock.nowMs() };
    file.versions.push(version);
    file.contentModifiedAt = contentModifiedAt ?? boxTime(version.createdAtMs);
    this.touch(file);
    this.#record('ITEM_UPLOAD', file);
    return version;
  }

  /** Renames, moves or both. @throws {ApiProblem} 409 the name is taken there; 400 the name is not allowed. */
  relocate(item: BoxItem, to: { name?: string | undefined; parent?: BoxFolder | undefined }): void {
    const parent = to.parent ?? item.parent;
    const name = to.name ?? item.name;
    if (!parent || !item.parent) throw badRequest('The root folder cannot be moved');
    this.requireFree(parent, name, { except: item });
    this.#detach(item);
    item.name = name;
    item.parent = parent;
    this.#attach(item, parent);
    this.touch(item);
    this.#record(to.parent ? 'ITEM_MOVE' : 'ITEM_RENAME', item);
  }

  trash(item: BoxItem): void {
    this.#detach(item);
    item.status = 'trashed';
    this.touch(item);
    this.#record('ITEM_TRASH', item);
  }

  /** Removes for good: afterwards nobody has heard of it. */
  remove(item: BoxItem): void {
    if (item.status === 'active') this.#detach(item);
    item.status = 'deleted';
    this.#items.delete(item.id);
  }

  touch(item: BoxItem): void {
    item.etag++;
    item.modifiedAtMs = this.#clock.nowMs();
  }

  newId(): string {
    return String(this.#nextId++);
  }

  /** The nearest role set on the item's way up. */
  roleOf(userId: string, item: BoxItem): Role {
    for (let at: BoxItem | undefined = item; at; at = at.parent) {
      const role = isFolder(at) ? at.roles.get(userId) : undefined;
      if (role !== undefined) return role;
    }
    return 'none';
  }

  /** @throws {ApiProblem} 409 with what stands in the way; 400 where the name itself is not allowed. */
  requireFree(parent: BoxFolder, name: string, options: { asArray?: boolean; except?: BoxItem } = {}): void {
    checkName(name);
    const taken = parent.children.get(nameKey(name));
    if (!taken || taken === options.except) return;
    throw nameInUse(options.asArray ? [miniItem(taken)] : miniItem(taken));
  }

  childrenById(folder: BoxFolder): readonly BoxItem[] {
    folder.byId ??= [...folder.children.values()].sort((a, b) => Number(a.id) - Number(b.id));
    return folder.byId;
  }

  childrenByName(folder: BoxFolder): readonly BoxItem[] {
    folder.byName ??= [...folder.children.values()].sort(
      (a, b) => Number(isFolder(b)) - Number(isFolder(a)) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
    );
    return folder.byName;
  }

  #active(id: string): BoxItem {
    const item = this.#items.get(id);
    if (!item) throw notFound();
    for (let at: BoxItem | undefined = item; at; at = at.parent) {
      if (at.status === 'trashed') throw trashed();
      if (at.status === 'deleted') throw notFound();
    }
    return item;
  }

  #base(id: string, name: string, parent: BoxFolder | undefined) {
    const nowMs = this.#clock.nowMs();
    return {
      id,
      name,
      parent,
      etag: 0,
      createdAtMs: nowMs,
      modifiedAtMs: nowMs,
      status: 'active' as const,
      description: '',
    };
  }

  #newFolder(id: string, name: string, parent: BoxFolder | undefined): BoxFolder {
    const folder: BoxFolder = {
      type: 'folder',
      ...this.#base(id, name, parent),
      children: new Map(),
      roles: new Map(),
      byId: undefined,
      byName: undefined,
    };
    this.#items.set(id, folder);
    return folder;
  }

  #attach(item: BoxItem, parent: BoxFolder): void {
    this.#items.set(item.id, item);
    parent.children.set(nameKey(item.name), item);
    parent.byId = parent.byName = undefined;
  }

  #detach(item: BoxItem): void {
    const parent = item.parent;
    if (!parent) throw badRequest('The root folder cannot be removed');
    if (parent.children.get(nameKey(item.name)) === item) parent.children.delete(nameKey(item.name));
    parent.byId = parent.byName = undefined;
  }

  #record(type: string, item: BoxItem): void {
    this.events.push({ id: String(++this.#eventCount), type, item, atMs: this.#clock.nowMs() });
    if (this.events.length > MAX_EVENTS) this.events.splice(0, MAX_EVENTS / 2);
  }
}

/** How names are compared: without regard to case. Whether Box also folds NFC and NFD is not known; here it does not. */
function nameKey(name: string): string {
  return name.toLowerCase();
}

function checkName(name: unknown): asserts name is string {
  if (typeof name !== 'string' || name === '') {
    throw new ApiProblem(400, 'bad_request', "Bad Request: 'name' is required");
  }
  if (name.length > MAX_NAME_CHARACTERS) {
    throw new ApiProblem(400, 'item_name_too_long', 'Item name too long');
  }
  // Control characters, both slashes, trailing space and the two dot names are refused by Box.
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u001F\u007F/\\]/.test(name) || /\s$/.test(name) || name === '.' || name === '..') {
    throw new ApiProblem(400, 'item_name_invalid', 'Item name invalid');
  }
}
