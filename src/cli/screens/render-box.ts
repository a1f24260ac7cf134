import { breakText, cleanText, padEnd, padStart, wrap } from './display-text.ts';
import { countOf, formatBytes } from './format-numbers.ts';
import type { BoxEntry, BoxFolder } from '../../app/contract.ts';
import type { TypedCommands } from '../typed-commands.ts';

/** How a person is told to log in: on this computer, or over SSH, where no browser can open. */
export function renderInvitation(
  startAddress: string,
  boxAddress: string,
  remote: { readonly user: string; readonly host: string } | undefined,
  typed: TypedCommands,
): string {
  const { port } = new URL(startAddress);
  if (!remote)
    return ['Your browser opens to log in to Box. If it does not, open this yourself:', `  ${startAddress}`].join('\n');
  // A short name is known to this computer's neighbours alone.
  const isFullName =
    remote.host.includes('.') && !remote.host.endsWith('.local') && !remote.host.endsWith('.localdomain');
  return [
    `You are on ${remote.host} over SSH, where no browser can open. Pick one way:`,
    '  1  On YOUR computer, in a new window:',
    `       ssh -N -L ${port}:localhost:${port} ${remote.user}@${isFullName ? remote.host : 'HOST'}`,
    isFullName ? '     (or whatever name you use to log in here)' : '     (HOST: the name you use to log in here)',
    `     then open   ${startAddress}   and log in to Box.`,
    '  2  Open the link below, log in, and paste here at once the address of the',
    `     page that then fails to load (it begins http://localhost:${port}/...).`,
    '  3  A service account from your research-computing staff:',
    `       ${typed('ocr-pipeline login box --app-file FILE')}`,
    '',
    boxAddress,
    '',
  ].join('\n');
}

/** The line below the invitation; drawn again each second where that can be done. */
export function renderWaiting(leftMs: number): string {
  const seconds = Math.max(0, Math.ceil(leftMs / 1_000));
  const left = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
  return `${padEnd(`Waiting ... ${left} left`, 59)}Ctrl-C to stop`;
}

/** A folder's entries, sub-folders first, and what they are together. A long name goes on below itself. */
export function renderFolder(
  folder: BoxFolder,
  items: readonly BoxEntry[],
  width: number,
  typed: TypedCommands,
): string {
  const idWidth = Math.max(2, ...items.map(({ id }) => id.length)) + 2;
  const lines = [`${padEnd('ID', idWidth)}${padStart('SIZE', 9)}  NAME`];
  for (const item of items) {
    const size = item.type === 'file' ? formatBytes(item.sizeBytes) : '-';
    const name = `${cleanText(item.name)}${item.type === 'folder' ? '/' : item.type === 'file' ? '' : ` (${cleanText(item.type)})`}`;
    const [start = '', ...rest] = breakText(name, Math.max(20, width - idWidth - 11));
    lines.push(
      `${padEnd(cleanText(item.id), idWidth)}${padStart(size, 9)}  ${start}`,
      ...rest.map((part) => ' '.repeat(idWidth + 11) + part),
    );
  }
  lines.push('', ...wrap(`${countItems(items)} in "${cleanText(folder.path)}" (${folder.id})`, width));
  const next = items.find(({ type }) => type === 'folder');
  const pdfs = items.some((item) => isPdf(item));
  if (pdfs) lines.push(typed(`Next: ocr-pipeline plan --box-folder ${folder.id}`));
  else if (next) lines.push(typed(`Next: ocr-pipeline ls ${next.id}`));
  return lines.join('\n');
}

function isPdf(item: BoxEntry): boolean {
  return item.type === 'file' && /\.pdf$/i.test(item.name);
}

function countItems(items: readonly BoxEntry[]): string {
  const pdfs = items.filter((item) => isPdf(item));
  const folders = items.filter(({ type }) => type === 'folder').length;
  const files = items.filter(({ type }) => type === 'file').length - pdfs.length;
  const others = items.length - folders - pdfs.length - files;
  const sizeBytes = pdfs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const parts = [countOf(folders, 'folder'), `${countOf(pdfs.length, 'PDF')} (${formatBytes(sizeBytes)})`];
  if (files > 0) parts.push(countOf(files, 'other file'));
  if (others > 0) parts.push(countOf(others, 'link'));
  return parts.join(', ');
}
