/** Why something in a folder is not taken for a scan; as a left-out entry has it. */
export interface LeftOutReason {
  readonly code: string;
  readonly reason: string;
}

const TRASH = /^(?:\.trash(?:es|-.*)?|\$recycle\.bin|recycler|recycled|#recycle|@recycle|\.recycle)$/i;
const SYSTEM_FOLDER =
  /^(?:__macosx|\.spotlight-v100|\.fseventsd|\.temporaryitems|\.documentrevisions-v100|\.appledouble|system volume information|lost\+found|@eadir|\.snapshots?|\.zfs|\.stversions|\.dropbox\.cache)$/i;

/** Folders that systems and disks keep for themselves: what people threw away, indexes, copies. Pure. */
export function whyFolderIsNotRead(name: string): LeftOutReason | undefined {
  if (TRASH.test(name)) return { code: 'TRASH', reason: 'What was thrown away lies there.' };
  if (SYSTEM_FOLDER.test(name)) return { code: 'SYSTEM_FOLDER', reason: 'The system keeps it, not people.' };
  return undefined;
}

/** Files that are no scan whatever their name ends in: notes of systems, locks of programs. Pure; the name without its folder. */
export function whyFileIsNotRead(name: string): LeftOutReason | undefined {
  if (name.startsWith('._') || /^\.ds_store$/i.test(name))
    return { code: 'SYSTEM_FILE', reason: 'A note of macOS, not a PDF.' };
  if (/^(?:thumbs\.db|desktop\.ini)$/i.test(name))
    return { code: 'SYSTEM_FILE', reason: 'A note of Windows, not a PDF.' };
  if (/^\.(?:nfs[0-9a-f]{8,}|fuse_hidden)/i.test(name))
    return { code: 'SYSTEM_FILE', reason: 'A file that was deleted while it was open.' };
  if (name.startsWith('~$') || /^\.~lock\..*#$/.test(name) || name.startsWith('.#'))
    return { code: 'LOCK_FILE', reason: 'A mark that a file is open in a program, not a PDF.' };
  return /\.pdf$/i.test(name) ? undefined : { code: 'NOT_A_PDF_NAME', reason: 'Its name does not end in .pdf.' };
}

/** Told of results that earlier runs have left among the scans. */
export const OUR_RESULT: LeftOutReason = { code: 'OUR_OUTPUT', reason: 'A result of this program.' };

/** The line that ends the update which makes a scan searchable: a comment (ISO 32000-1, 7.2.4), by which results are known. */
export const RESULT_MARK = '%ocr-pipeline result';
/** Bytes at the end of a PDF that hold the mark where it has one. */
export const MARK_WITHIN_BYTES = 1_024;

/** Whether the end of a PDF shows that this program has made it. */
export function isMarkedResult(end: Uint8Array): boolean {
  return Buffer.from(end.buffer, end.byteOffset, end.byteLength).includes(`\n${RESULT_MARK}\n`);
}
