import type { ListedEntry, SourceDocument } from '../../../core/document.ts';
import { DocumentError } from '../../../core/errors.ts';
import { isMarkedResult, MARK_WITHIN_BYTES, OUR_RESULT } from '../../../core/not-a-scan.ts';
import { ArchiveCache } from './archive-cache.ts';
import type { ZipArchive, ZipEntry } from './zip-archive.ts';
import type { BoxItem } from '../listing/box-item.ts';
import type { BoxConnection } from '../transport/connect.ts';
import type { DownloadSource } from '../transfer/download.ts';
import { checkEntries } from './zip-entries.ts';

/** Separates an archive's file ID from the path within; and its version, size and SHA-1 from the entry's CRC-32. */
const BETWEEN = '!';

export function isInArchive(document: SourceDocument): boolean {
  return document.id.includes(BETWEEN);
}

/** PDFs inside `.zip` files of a Box folder, as if the archive were a folder. Close it. */
export class ArchiveDocuments {
  readonly #cache: ArchiveCache;

  constructor(connection: BoxConnection, scratch: string) {
    this.#cache = new ArchiveCache(connection, scratch);
  }

  /** Fetches the archive and lists what is in it; an archive that cannot be read is left out as a whole. */
  async list(item: BoxItem, path: string, signal: AbortSignal): Promise<ListedEntry[]> {
    const source = {
      fileId: item.id,
      versionId: item.versionId ?? '',
      path,
      sizeBytes: item.sizeBytes,
      sha1: item.sha1,
    };
    try {
      return await this.#cache.with(source, signal, async (archive) => {
        const { taken, refused } = checkEntries(archive.entries, archive.sizeBytes);
        if (archive.entries.length === 0)
          return [{ kind: 'left-out', entry: { path, code: 'ZIP_EMPTY', reason: 'The archive is empty.' } }];
        const listed: ListedEntry[] = [];
        for (const entry of taken) {
          if (await isOurResult(archive, entry, signal)) {
            listed.push({ kind: 'left-out', entry: { path: `${path}/${entry.name}`, ...OUR_RESULT } });
            continue;
          }
          const version = [source.versionId, source.sizeBytes, source.sha1 ?? '', entry.crc32.toString(16)];
          listed.push({
            kind: 'document',
            document: {
              id: `${item.id}${BETWEEN}${entry.name}`,
              path: `${path}/${entry.name}`,
              sizeBytes: entry.sizeBytes,
              version: version.join(BETWEEN),
            },
          });
        }
        return [
          ...listed,
          ...refused.map(({ name, code, reason }) => ({
            kind: 'left-out' as const,
            entry: { path: `${path}/${name}`, code, reason },
          })),
        ];
      });
    } catch (error) {
      if (!(error instanceof DocumentError)) throw error;
      return [{ kind: 'left-out', entry: { path, code: error.code, reason: error.message } }];
    }
  }

  /** @throws {DocumentError} `SOURCE_GONE`, `SOURCE_CHANGED`, `ZIP_DAMAGED`. */
  async read(
    document: SourceDocument,
    toFile: string,
    signal: AbortSignal,
  ): Promise<{ sizeBytes: number; sha1: string }> {
    const at = document.id.indexOf(BETWEEN);
    const name = document.id.slice(at + BETWEEN.length);
    return this.#cache.with(sourceOf(document, document.id.slice(0, at)), signal, async (archive) => {
      // The version of the archive is the one listed, so what was in it is in it.
      const entry = checkEntries(archive.entries, archive.sizeBytes).taken.find((candidate) => candidate.name === name);
      if (!entry) throw new DocumentError('SOURCE_GONE', `${document.path} is no longer in its archive.`);
      return archive.unpack(entry, toFile, signal);
    });
  }

  async close(): Promise<void> {
    await this.#cache.close();
  }
}

/** A damaged file is told when it is to be read. */
async function isOurResult(archive: ZipArchive, entry: ZipEntry, signal: AbortSignal): Promise<boolean> {
  try {
    return isMarkedResult(await archive.readEnd(entry, MARK_WITHIN_BYTES, signal));
  } catch (error) {
    if (error instanceof DocumentError) return false;
    throw error;
  }
}

function sourceOf(document: SourceDocument, fileId: string): DownloadSource {
  const [versionId = '', size = '', sha1 = ''] = document.version.split(BETWEEN);
  const path = document.path;
  return { fileId, versionId, path, sizeBytes: Number(size), sha1: sha1 === '' ? undefined : sha1 };
}
