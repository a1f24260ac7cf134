import { asRecord, asText } from '../transport/box-call-error.ts';
import { isBoxId, MAX_FILE_BYTES, readWhole } from '../transport/read-facts.ts';

/** The type of an entry of which Box says what cannot be: it is told of, but neither read, followed nor replaced. */
export const ODD_TYPE = 'odd';

/** An entry of a folder, read leniently: types this program does not know are entries too. */
export interface BoxItem {
  /** `file`, `folder`, `web_link`, what Box invents next, or {@link ODD_TYPE}. */
  readonly type: string;
  readonly id: string;
  readonly name: string;
  readonly sizeBytes: number;
  /** Lower-case hex; files only, as all below. */
  readonly sha1?: string | undefined;
  readonly etag?: string | undefined;
  readonly versionId?: string | undefined;
  /** Its `global.properties` metadata without Box's own `$` keys. */
  readonly properties?: Readonly<Record<string, string>> | undefined;
}

/** What is asked of Box for each entry. Metadata in the listing saves a call a file. */
export const ITEM_FIELDS = 'id,type,name,size,sha1,etag,file_version,metadata.global.properties';

/**
 * Reads an entry of a listing, or the answer to a call about one file or folder. Undefined where it is none. IDs, sizes and
 * names are checked here, once, so that nothing else needs to doubt them.
 */
export function readItem(value: unknown): BoxItem | undefined {
  const record = asRecord(value);
  const id = asText(record?.['id']);
  if (!record || id === undefined) return undefined;
  const type = asText(record['type']) ?? 'unknown';
  const size = record['size'] ?? undefined;
  const sizeBytes = size === undefined ? 0 : readWhole(size, 0, MAX_FILE_BYTES);
  const name = asText(record['name']) ?? '';
  const etag = asText(record['etag']);
  const versionId = asText(asRecord(record['file_version'])?.['id']);
  const sha1 = asText(record['sha1'])?.toLowerCase();
  const isPlain =
    isBoxId(id) &&
    isName(name) &&
    (type !== 'file' || sizeBytes !== undefined) &&
    (versionId === undefined || isBoxId(versionId)) &&
    (etag === undefined || /^[!-~]{1,100}$/.test(etag));
  if ((type === 'file' || type === 'folder') && !isPlain) return { type: ODD_TYPE, id, name, sizeBytes: 0 };
  return {
    type,
    id,
    name,
    sizeBytes: sizeBytes ?? 0,
    sha1: sha1 !== undefined && /^[0-9a-f]{40}$/.test(sha1) ? sha1 : undefined,
    etag,
    versionId,
    properties: readProperties(asRecord(asRecord(asRecord(record['metadata'])?.['global'])?.['properties'])),
  };
}

/** Box allows no other; one with `/` would be a path. */
function isName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !/[/\0]/.test(name);
}

/** Reads the answer to an upload: a list of the one file. */
export function readStored(value: unknown): BoxItem | undefined {
  const entries: unknown = asRecord(value)?.['entries'];
  const item = Array.isArray(entries) ? readItem(entries[0]) : undefined;
  return item?.type === ODD_TYPE ? undefined : item;
}

function readProperties(record: Readonly<Record<string, unknown>> | undefined): Record<string, string> | undefined {
  if (!record) return undefined;
  const texts = Object.entries(record).flatMap(([key, value]) => {
    const text = asText(value);
    return key.startsWith('$') || text === undefined ? [] : [[key, text] as const];
  });
  return Object.fromEntries(texts);
}
