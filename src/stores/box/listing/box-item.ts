import { asRecord, asText } from '../transport/box-call-error.ts';

/** An entry of a folder, read leniently: types this program does not know are entries too. */
export interface BoxItem {
  /** `file`, `folder`, `web_link`, or what Box invents next. */
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

/** Reads an entry of a listing, or the answer to a call about one file or folder. Undefined where it is none. */
export function readItem(value: unknown): BoxItem | undefined {
  const record = asRecord(value);
  const id = asText(record?.['id']);
  if (!record || id === undefined) return undefined;
  const size = record['size'];
  return {
    type: asText(record['type']) ?? 'unknown',
    id,
    name: asText(record['name']) ?? '',
    sizeBytes: typeof size === 'number' ? size : 0,
    sha1: asText(record['sha1'])?.toLowerCase(),
    etag: asText(record['etag']),
    versionId: asText(asRecord(record['file_version'])?.['id']),
    properties: readProperties(asRecord(asRecord(asRecord(record['metadata'])?.['global'])?.['properties'])),
  };
}

/** Reads the answer to an upload: a list of the one file. */
export function readStored(value: unknown): BoxItem | undefined {
  const entries: unknown = asRecord(value)?.['entries'];
  return Array.isArray(entries) ? readItem(entries[0]) : undefined;
}

function readProperties(record: Readonly<Record<string, unknown>> | undefined): Record<string, string> | undefined {
  if (!record) return undefined;
  const texts = Object.entries(record).flatMap(([key, value]) => {
    const text = asText(value);
    return key.startsWith('$') || text === undefined ? [] : [[key, text] as const];
  });
  return Object.fromEntries(texts);
}
