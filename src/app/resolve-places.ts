import { quoteValue } from '../core/quote-value.ts';
import { stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { AccessError, NoInputError, UsageError } from '../core/errors.ts';
import { explainErrno, hasErrno } from '../core/errno.ts';
import type { DestinationRequest, RunRequest, SourceRequest } from '../core/run-request.ts';
import { formatOfName, stemOfName } from '../core/output-names.ts';
import type { OutputFormat } from '../core/settings.ts';
import { parseFolderAddress, ROOT_ID } from '../stores/box/listing/folder-address.ts';

/** No system takes a longer path (Linux, PATH_MAX): what is longer is none. */
const LONGEST_PATH = 4096;
const NOTHING_STARTED = 'Nothing was started.';
/** What `C:\Scans` and `\\server\share` look like, the first also where a shell has taken the backslash away. */
const WINDOWS_PATH = /(?:^|\/)([A-Za-z]:(?:[\\/]|(?=\w)).*|\\\\.*)$/s;
/** `box:Scans` or a link to Box, where a path was expected. */
const BOX_ADDRESS = /(?:^|\/)(box:.*|https?:\/+(?:[\w-]+\.)*box\.com\/.*)$/is;
/** `file:///scans`, as a browser shows it. */
const FILE_ADDRESS = /(?:^|\/)(file:\/.*)$/is;
/** What is written where nobody chose formats. */
const USUAL_FORMATS: readonly OutputFormat[] = ['txt', 'pdf'];

/**
 * Looks at the places a person named, before anything is asked of Box or started: inputs are there, the output can be what
 * it is named as. A file for results is settled as its folder, the file's name and the one format.
 * @throws {UsageError} `BOX_ADDRESS`, `FILE_ADDRESS`, `WINDOWS_PATH`, `OUTPUT_IS_FILE`, `OUTPUT_IS_INPUT`, `WRONG_PLACE`.
 * @throws {NoInputError} `INPUT_NOT_FOUND`. @throws {AccessError} `INPUT_NOT_READABLE`.
 */
export async function resolvePlaces<Request extends Pick<RunRequest, 'source' | 'destination' | 'settings'>>(
  request: Request,
): Promise<Request> {
  const { source, destination } = request;
  if (source.kind === 'box') parseFolderAddress(source.address);
  if (destination.kind === 'box') {
    if (destination.address !== undefined) parseFolderAddress(destination.address);
  }
  if (source.kind === 'local') await checkInputs(source.paths);
  if (destination.kind !== 'local' || destination.stem !== undefined) return request;
  const facts = await factsOf(destination.folder);
  if (facts?.isDirectory() === true) return request;
  if (facts === undefined) await checkOutputName(destination.folder);
  const format = formatOfName(destination.folder);
  if (format !== undefined && (await isOneFile(source)))
    return { ...request, ...settleFile(destination.folder, format, request) };
  if (facts !== undefined) throw outputIsFile(destination.folder, source, 'is a file, and results go into a folder');
  if (format !== undefined)
    throw outputIsFile(destination.folder, source, 'names a file, and these results go into a folder');
  await checkFoldersAbove(destination.folder);
  return request;
}

/**
 * Makes sure that nobody reads a whole Box account by an address that was cut short.
 * @throws {UsageError} `WHOLE_ACCOUNT`: it is named, and the person has not said that it is meant.
 */
export function refuseWholeAccount(source: SourceRequest): void {
  if (source.kind !== 'box' || source.everything === true) return;
  const address = parseFolderAddress(source.address);
  if (address.kind !== 'id' || address.id !== ROOT_ID) return;
  throw new UsageError(
    'WHOLE_ACCOUNT',
    `"${source.address}" is your whole Box account, with all that is shared with you.`,
    {
      safe: NOTHING_STARTED,
      remedy: 'Name a folder: --box-folder "box:Folder/Sub-folder" (ocr-pipeline ls shows them), or add --everything.',
    },
  );
}

function settleFile(
  file: string,
  format: OutputFormat,
  { source, settings }: Pick<RunRequest, 'source' | 'settings'>,
): { destination: DestinationRequest; settings: RunRequest['settings'] } {
  const { formats } = settings;
  const isUsual = formats.length === USUAL_FORMATS.length && USUAL_FORMATS.every((each) => formats.includes(each));
  if (!isUsual && !(formats.length === 1 && formats[0] === format)) {
    throw new UsageError(
      'OUTPUT_IS_FILE',
      `--output ${basename(file)} names one file, and --formats asks for ${formats.join(', ')}.`,
      { safe: NOTHING_STARTED, remedy: `Leave out --formats, or name a folder: --output "${dirname(file)}"` },
    );
  }
  if (source.kind === 'local' && resolve(source.paths[0] ?? '') === file) {
    throw new UsageError('OUTPUT_IS_INPUT', 'The result cannot take the place of the scan itself.', {
      safe: NOTHING_STARTED,
      remedy: `Another name, such as --output "${join(dirname(file), `${basename(file, extname(file))}-ocr${extname(file)}`)}"`,
    });
  }
  return {
    destination: { kind: 'local', folder: dirname(file), stem: stemOfName(basename(file), format) },
    settings: { ...settings, formats: [format] },
  };
}

function outputIsFile(output: string, source: SourceRequest, what: string): UsageError {
  const one = source.kind === 'local' && source.paths.length === 1;
  return new UsageError('OUTPUT_IS_FILE', `${output} ${what}.`, {
    why: one ? undefined : 'One file, such as .pdf or .txt, is for the result of one PDF.',
    safe: NOTHING_STARTED,
    remedy: `Name a folder: --output "${output.replace(/\.\w{1,5}$/, '') || output}${extname(output) === '' ? '-text' : ''}"`,
  });
}

/** A part of a path that is a file holds no folder. */
async function checkFoldersAbove(folder: string): Promise<void> {
  for (let above = dirname(folder); above !== dirname(above); above = dirname(above)) {
    const facts = await factsOf(above);
    if (facts?.isDirectory() === true) return;
    if (facts !== undefined) {
      throw new UsageError('OUTPUT_IS_FILE', `${above} is a file, so that no folder can be made inside it.`, {
        safe: NOTHING_STARTED,
        remedy: `Name another folder: --output "${dirname(above)}"`,
      });
    }
  }
}

async function checkOutputName(folder: string): Promise<void> {
  const address = (await newPart(folder, BOX_ADDRESS))?.replace(/^(https?):\/+/i, '$1://');
  if (address !== undefined) {
    throw new UsageError('WRONG_PLACE', `--output is for folders on this computer; ${quoteValue(address)} is on Box.`, {
      safe: NOTHING_STARTED,
      remedy: `--box-output-folder ${quoteValue(address)}`,
    });
  }
  const file = await newPart(folder, FILE_ADDRESS);
  if (file !== undefined) throw fileAddress('--output', file);
  const name = await newPart(folder, WINDOWS_PATH);
  if (name !== undefined) throw windowsPath('--output', name);
}

async function checkInputs(paths: readonly string[]): Promise<void> {
  for (const [index, path] of paths.entries()) {
    try {
      await stat(path);
    } catch (error) {
      throw await explainMissing(path, paths.slice(index + 1), error);
    }
  }
}

async function explainMissing(path: string, following: readonly string[], error: unknown): Promise<unknown> {
  if (hasErrno(error, 'EACCES', 'EPERM'))
    return new AccessError('INPUT_NOT_READABLE', `You may not read ${path}.`, { safe: NOTHING_STARTED });
  if (!hasErrno(error, 'ENOENT', 'ENOTDIR', 'ENAMETOOLONG'))
    return new AccessError('INPUT_NOT_READABLE', `${path} cannot be read: ${explainErrno(error)}.`, {
      safe: NOTHING_STARTED,
    });
  const address = (await newPart(path, BOX_ADDRESS))?.replace(/^(https?):\/+/i, '$1://');
  if (address !== undefined) {
    return new UsageError('WRONG_PLACE', `--input is for files on this computer; ${quoteValue(address)} is on Box.`, {
      safe: NOTHING_STARTED,
      remedy: `--box-folder ${quoteValue(address)}`,
    });
  }
  const file = await newPart(path, FILE_ADDRESS);
  if (file !== undefined) return fileAddress('--input', file);
  const name = await newPart(path, WINDOWS_PATH);
  if (name !== undefined) return windowsPath('--input', name);
  // `--input My Scans` is two names: put together with what follows there may be one.
  let joined = path;
  for (const next of following) {
    joined = `${joined} ${basename(next)}`;
    if ((await factsOf(joined)) !== undefined)
      return notFound(path, `A name with spaces needs quotes: --input "${joined}"`);
  }
  return notFound(path, 'Check the name after --input.');
}

function notFound(path: string, remedy: string): NoInputError {
  const shown = path.length > LONGEST_PATH ? quoteValue(path) : path;
  return new NoInputError('INPUT_NOT_FOUND', `There is no ${shown}.`, { safe: NOTHING_STARTED, remedy });
}

/** `address` may have lost slashes where it was taken for a path. */
function fileAddress(flag: string, address: string): UsageError {
  const path = address.replace(/^file:\/+(?:localhost(?=\/))?/i, '/').replace(/^\/+/, '/');
  let plain: string;
  try {
    plain = decodeURIComponent(path);
  } catch {
    plain = path;
  }
  return new UsageError(
    'FILE_ADDRESS',
    `"${address.replace(/^file:\/+/i, 'file:///')}" is an address, as browsers show it; ${flag} takes a path.`,
    {
      safe: NOTHING_STARTED,
      remedy: `${flag} "${plain}"`,
    },
  );
}

function windowsPath(flag: string, name: string): UsageError {
  const drive = /^[A-Za-z](?=:)/.exec(name)?.[0]?.toLowerCase();
  const below = name.slice(2).replaceAll('\\', '/').replace(/^\/+/, '');
  return new UsageError('WINDOWS_PATH', `"${name}" is a path of Windows.`, {
    why: 'This program runs in Linux, on Windows in WSL, where disks are folders below /mnt.',
    safe: NOTHING_STARTED,
    remedy:
      drive === undefined
        ? `Mount the share in WSL, then name that folder: ${flag} /mnt/share`
        : `${flag} "/mnt/${drive}/${below}"`,
  });
}

/** The end of a path that looks like something else and of which nothing is there: what was typed, without its folder. */
async function newPart(path: string, pattern: RegExp): Promise<string | undefined> {
  const part = pattern.exec(path)?.[1];
  if (part === undefined) return undefined;
  const first = path.slice(0, path.length - part.length) + (part.split('/')[0] ?? '');
  return (await factsOf(first)) === undefined ? part : undefined;
}

async function isOneFile(source: SourceRequest): Promise<boolean> {
  if (source.kind !== 'local' || source.paths.length !== 1) return false;
  return (await factsOf(source.paths[0] ?? ''))?.isFile() ?? false;
}

async function factsOf(path: string): Promise<Awaited<ReturnType<typeof stat>> | undefined> {
  return await stat(path).catch(() => undefined);
}
