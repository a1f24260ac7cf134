import type { Content } from './contents.ts';

/** What a user may do with an item: nothing (404), look and download, change, or own it. */
export type Role = 'none' | 'viewer' | 'editor' | 'owner';

export interface FileVersion {
  readonly id: string;
  readonly content: Content;
  readonly createdAtMs: number;
}

interface ItemBase {
  readonly id: string;
  name: string;
  /** Absent for the root alone. */
  parent: BoxFolder | undefined;
  /** Raised by any change. */
  etag: number;
  readonly createdAtMs: number;
  modifiedAtMs: number;
  status: 'active' | 'trashed' | 'deleted';
  description: string;
}

export interface BoxFile extends ItemBase {
  readonly type: 'file';
  /** Oldest first; the last is the current one. */
  versions: FileVersion[];
  contentModifiedAt: string;
  /** Nobody but its holder may change a locked file. */
  locked: boolean;
  /** The `global.properties` metadata, if any. */
  properties: FileProperties | undefined;
}

export interface FileProperties {
  readonly id: string;
  version: number;
  values: Record<string, string>;
}

export interface BoxFolder extends ItemBase {
  readonly type: 'folder';
  /** By lower-case name: names are unique across files and folders without regard to case. */
  readonly children: Map<string, BoxItem>;
  /** By user ID; what is not here comes from the parent. */
  readonly roles: Map<string, Role>;
  /** Children by ascending ID; dropped when they change. */
  byId: BoxItem[] | undefined;
  /** Children as Box sorts them: folders first, then by name; dropped when they change. */
  byName: BoxItem[] | undefined;
}

/** A web link, or an entry of a type this API has not told clients about. */
export interface OtherItem extends ItemBase {
  readonly type: 'web_link' | (string & {});
  readonly url: string;
}

export type BoxItem = BoxFile | BoxFolder | OtherItem;

export function isFile(item: BoxItem): item is BoxFile {
  return item.type === 'file';
}

export function isFolder(item: BoxItem): item is BoxFolder {
  return item.type === 'folder';
}

export function currentVersion(file: BoxFile): FileVersion {
  const version = file.versions.at(-1);
  if (!version) throw new Error('a file has at least one version');
  return version;
}
