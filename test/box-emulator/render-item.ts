import type { BoxFile, BoxFolder, BoxItem, FileVersion, Role } from './box-items.ts';
import { currentVersion, isFile, isFolder } from './box-items.ts';
import { boxTime } from './clock.ts';

/** Who a rendering is for: decides `permissions` and `owned_by`. */
export interface Viewer {
  readonly role: Role;
  readonly owner: { readonly id: string; readonly name: string; readonly login: string };
}

/** The few fields that stand for an item inside other answers. */
export function miniItem(item: BoxItem): Record<string, unknown> {
  const mini: Record<string, unknown> = {
    type: item.type,
    id: item.id,
    sequence_id: String(item.etag),
    etag: String(item.etag),
    name: item.name,
  };
  if (isFile(item)) {
    const version = currentVersion(item);
    mini['sha1'] = version.content.sha1;
    mini['file_version'] = miniVersion(version);
  }
  return mini;
}

export function miniVersion(version: FileVersion): Record<string, unknown> {
  return { type: 'file_version', id: version.id, sha1: version.content.sha1 };
}

/** An item with exactly the asked fields (and always type, id and etag), or with Box's standard ones. */
export function renderItem(item: BoxItem, fields: readonly string[] | undefined, viewer: Viewer): object {
  const readers = readersOf(item);
  const answer: Record<string, unknown> = fields
    ? { type: item.type, id: item.id, etag: String(item.etag) }
    : miniItem(item);
  const mini = miniItem(item);
  for (const field of fields ?? Object.keys(readers)) {
    if (field === 'permissions') answer[field] = permissions(item, viewer.role);
    else if (field === 'metadata.global.properties') answer['metadata'] = metadataField(item);
    else if (readers[field]) answer[field] = readers[field](item, viewer);
    else if (field in mini) answer[field] = mini[field];
  }
  return answer;
}

/** A `global.properties` instance as its own endpoint answers it. */
export function renderProperties(file: BoxFile): Record<string, unknown> {
  const properties = file.properties;
  if (!properties) throw new Error('the file has no properties');
  return {
    ...properties.values,
    $type: 'properties-6bcba49f-ca6d-4d2a-a758-57fe6edf44d0',
    $parent: `file_${file.id}`,
    $id: properties.id,
    $version: properties.version,
    $typeVersion: 2,
    $template: 'properties',
    $scope: 'global',
    $canEdit: true,
  };
}

function metadataField(item: BoxItem): object | undefined {
  if (!isFile(item) || !item.properties) return undefined;
  return { global: { properties: renderProperties(item) } };
}

type Reader<T extends BoxItem> = (item: T, viewer: Viewer) => unknown;

const user = (_: BoxItem, { owner }: Viewer) => ({ type: 'user', ...owner });

const COMMON: Readonly<Record<string, Reader<BoxItem>>> = {
  description: (item) => item.description,
  path_collection: (item) => {
    const path = pathOf(item);
    return { total_count: path.length, entries: path.map(miniItem) };
  },
  created_at: (item) => (item.parent ? boxTime(item.createdAtMs) : null),
  modified_at: (item) => (item.parent ? boxTime(item.modifiedAtMs) : null),
  item_status: (item) => item.status,
  parent: (item) => (item.parent ? miniItem(item.parent) : null),
  shared_link: () => null,
  created_by: user,
  modified_by: user,
  owned_by: user,
};

const OF_FILES: Readonly<Record<string, Reader<BoxFile>>> = {
  ...COMMON,
  size: (file) => currentVersion(file).content.sizeBytes,
  content_created_at: (file) => file.contentModifiedAt,
  content_modified_at: (file) => file.contentModifiedAt,
  trashed_at: () => null,
  purged_at: () => null,
  lock: (file) => (file.locked ? { type: 'lock', id: `${file.id}1`, is_download_prevented: false } : null),
  version_number: (file) => String(file.versions.length),
};

const OF_FOLDERS: Readonly<Record<string, Reader<BoxFolder>>> = {
  ...COMMON,
  size: folderBytes,
  content_created_at: (folder) => (folder.parent ? boxTime(folder.createdAtMs) : null),
  content_modified_at: (folder) => (folder.parent ? boxTime(folder.modifiedAtMs) : null),
  folder_upload_email: () => null,
};

function readersOf(item: BoxItem): Readonly<Record<string, Reader<BoxItem>>> {
  if (isFile(item)) return OF_FILES as Readonly<Record<string, Reader<BoxItem>>>;
  if (isFolder(item)) return OF_FOLDERS as Readonly<Record<string, Reader<BoxItem>>>;
  return { ...COMMON, url: () => item.url };
}

/** Folders from the root down to the item's own folder. */
function pathOf(item: BoxItem): BoxFolder[] {
  const path: BoxFolder[] = [];
  for (let at = item.parent; at; at = at.parent) path.unshift(at);
  return path;
}

function folderBytes(folder: BoxFolder): number {
  let bytes = 0;
  for (const child of folder.children.values()) {
    if (isFile(child)) bytes += currentVersion(child).content.sizeBytes;
    else if (isFolder(child)) bytes += folderBytes(child);
  }
  return bytes;
}

function permissions(item: BoxItem, role: Role): Record<string, boolean> {
  const write = role === 'editor' || role === 'owner';
  const read = role !== 'none';
  const common = {
    can_delete: write,
    can_download: read,
    can_invite_collaborator: write,
    can_rename: write,
    can_set_share_access: role === 'owner',
    can_share: write,
    can_upload: write,
  };
  if (!isFile(item)) return common;
  return {
    ...common,
    can_annotate: write,
    can_comment: read,
    can_preview: read,
    can_view_annotations_all: read,
    can_view_annotations_self: read,
  };
}
