import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { BoxFile, BoxFolder, BoxItem, OtherItem } from './box-items.ts';
import { currentVersion, isFile, isFolder } from './box-items.ts';
import type { BoxState } from './box-state.ts';
import { contentOfFile, memoryContent, type Content } from './contents.ts';

/** Bytes to put in a file: themselves, or a file of this machine that stays as it is meanwhile. */
export type SeedContent = Uint8Array | string | { readonly file: string };

export interface SeedFileOptions {
  /** ID of the folder the path starts at; the root when absent. */
  readonly parentId?: string | undefined;
  readonly properties?: Readonly<Record<string, string>> | undefined;
}

/** A file below a folder, as a test looks at it. */
export interface StoredFile {
  /** Below the folder asked about, `/` between parts. */
  readonly path: string;
  readonly id: string;
  readonly sizeBytes: number;
  readonly sha1: string;
  readonly etag: string;
  /** 1 for a file that was uploaded once. */
  readonly versionCount: number;
  readonly properties: Readonly<Record<string, string>> | undefined;
}

/** Makes every folder of a path that is not there, and gives the last. */
export function seedFolder(box: BoxState, folderPath: string, parentId = '0'): BoxFolder {
  let folder = box.tree.folder(parentId);
  for (const name of folderPath.split('/').filter((part) => part !== '')) {
    const found = folder.children.get(name.toLowerCase());
    folder = found && isFolder(found) ? found : box.tree.createFolder(folder, name);
  }
  return folder;
}

export async function seedFile(
  box: BoxState,
  filePath: string,
  content: SeedContent,
  options: SeedFileOptions = {},
): Promise<BoxFile> {
  const { folder, name } = placeOf(box, filePath, options.parentId);
  const file = box.tree.createFile(folder, name, await toContent(content));
  if (options.properties) file.properties = { id: box.tree.newId(), version: 0, values: { ...options.properties } };
  return file;
}

/** Puts a directory of this machine into a folder, its files read where they are, names in byte order. */
export async function seedDirectory(box: BoxState, directory: string, folder: BoxFolder): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const full = path.join(directory, entry.name);
    if (entry.isDirectory()) {
      await seedDirectory(box, full, box.tree.createFolder(folder, entry.name));
    } else if (entry.isFile()) {
      box.tree.createFile(folder, entry.name, await contentOfFile(full));
    }
  }
}

/** Many small files with the same content, made at once: `name(0)` to `name(count - 1)`. */
export function seedMany(box: BoxState, folder: BoxFolder, count: number, name: (index: number) => string): void {
  const content = memoryContent(Buffer.from('%PDF-1.4\n'));
  for (let index = 0; index < count; index++) box.tree.createFile(folder, name(index), content);
}

export function seedOther(box: BoxState, itemPath: string, type: string, parentId?: string): OtherItem {
  const { folder, name } = placeOf(box, itemPath, parentId);
  return box.tree.createOther(folder, name, type, 'https://example.org/');
}

/** Every file below a folder, in order of path. */
export function listStored(folder: BoxFolder, prefix = ''): StoredFile[] {
  const files = [...folder.children.values()].flatMap((item: BoxItem) => {
    if (isFolder(item)) return listStored(item, `${prefix}${item.name}/`);
    return isFile(item) ? [describe(item, prefix)] : [];
  });
  return prefix === '' ? files.sort((a, b) => (a.path < b.path ? -1 : 1)) : files;
}

export async function toContent(content: SeedContent): Promise<Content> {
  if (typeof content === 'string') return memoryContent(Buffer.from(content));
  return content instanceof Uint8Array ? memoryContent(content) : contentOfFile(content.file);
}

function describe(file: BoxFile, prefix: string): StoredFile {
  const { content } = currentVersion(file);
  return {
    path: `${prefix}${file.name}`,
    id: file.id,
    sizeBytes: content.sizeBytes,
    sha1: content.sha1,
    etag: String(file.etag),
    versionCount: file.versions.length,
    properties: file.properties?.values,
  };
}

function placeOf(box: BoxState, itemPath: string, parentId?: string): { folder: BoxFolder; name: string } {
  const at = itemPath.lastIndexOf('/');
  return { folder: seedFolder(box, itemPath.slice(0, Math.max(at, 0)), parentId), name: itemPath.slice(at + 1) };
}
