import { whyFileIsNotRead, whyFolderIsNotRead, type LeftOutReason } from '../../../core/not-a-scan.ts';

/** A file in an archive, as its directory claims it to be. */
export interface ZipRecord {
  readonly name: string;
  readonly compressedBytes: number;
  readonly sizeBytes: number;
  readonly encrypted: boolean;
  /** Unix file type and mode, 0 where the archive was made elsewhere. */
  readonly mode: number;
  readonly offset: number;
}

/** A file in an archive that is not taken, with the reason a person reads. */
export interface RefusedEntry {
  readonly name: string;
  readonly code: string;
  readonly reason: string;
}

/** More is no scan archive but an accident or an attack. */
export const MAX_ZIP_ENTRIES = 20_000;
/** Largest single file in an archive. */
const MAX_ENTRY_BYTES = 4 * 1024 ** 3;
/** Scans are compressed already and do not shrink to a hundredth; small files may. */
const MAX_RATIO = 100;
const RATIO_FROM_BYTES = 10 * 1024 ** 2;
const S_IFMT = 0o170000;
const S_IFLNK = 0o120000;

/**
 * Sorts an archive's files into PDFs that are taken and files that are not: names that lead elsewhere, links, bombs,
 * locked and doubled ones. Pure; believes nothing beyond the directory itself.
 */
export function checkEntries<Record extends ZipRecord>(
  records: readonly Record[],
  archiveBytes: number,
): { readonly taken: readonly Record[]; readonly refused: readonly RefusedEntry[] } {
  const taken: Record[] = [];
  const refused: RefusedEntry[] = [];
  const seen = new Set<string>();
  const offsets = new Set<number>();
  let claimedBytes = 0;
  for (const record of records) {
    if (record.name.endsWith('/')) continue;
    claimedBytes += record.compressedBytes;
    const problem =
      checkEntry(record) ??
      // Files that share their bytes, or claim more of them than the archive has, are how small bombs are made.
      (offsets.has(record.offset) || claimedBytes > archiveBytes ? BOMB : undefined) ??
      (seen.has(record.name.normalize('NFC').toLowerCase()) ? DOUBLED : undefined);
    offsets.add(record.offset);
    seen.add(record.name.normalize('NFC').toLowerCase());
    if (problem) refused.push({ name: record.name, ...problem });
    else taken.push(record);
  }
  return { taken, refused };
}

type Problem = LeftOutReason;

const BOMB: Problem = { code: 'ZIP_BOMB', reason: 'It would unpack to far more than an archive of scans does.' };
const DOUBLED: Problem = { code: 'ZIP_DOUBLED', reason: 'The archive holds two files of this name.' };

function checkEntry(record: ZipRecord): Problem | undefined {
  const { name } = record;
  const parts = name.split('/');
  if (
    /^[a-z]:/i.test(name) ||
    name.includes('\\') ||
    name.includes('\0') ||
    parts.some((part) => part === '' || part === '.' || part === '..')
  )
    return { code: 'ZIP_PATH', reason: 'Its name leads out of the archive.' };
  const problem = firstOf(parts.slice(0, -1), whyFolderIsNotRead);
  if (problem) return problem;
  if ((record.mode & S_IFMT) === S_IFLNK) return { code: 'LINK', reason: 'A link, not a file.' };
  if (/\.zip$/i.test(name)) return { code: 'ZIP_IN_ZIP', reason: 'An archive in an archive; unpack the outer one.' };
  const notRead = whyFileIsNotRead(parts.at(-1) ?? '');
  if (notRead) return notRead;
  if (record.encrypted) return { code: 'ZIP_ENCRYPTED', reason: 'The archive is locked with a password.' };
  if (record.sizeBytes > MAX_ENTRY_BYTES) return BOMB;
  if (record.sizeBytes > RATIO_FROM_BYTES && record.sizeBytes > record.compressedBytes * MAX_RATIO) return BOMB;
  return undefined;
}

function firstOf<T, R>(items: readonly T[], judge: (item: T) => R | undefined): R | undefined {
  for (const item of items) {
    const result = judge(item);
    if (result !== undefined) return result;
  }
  return undefined;
}
