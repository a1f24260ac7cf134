import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { nameTaken } from '../name-taken.ts';
import { AccessError, OutputError, throwIfStopped } from '../../core/errors.ts';
import { explainErrno, hasErrno, isErrnoOf, readErrno } from '../../core/errno.ts';
import { explainWrite } from '../../files/explain-write.ts';
import type { FileSystem } from '../../files/file-system.ts';
import { removeLeftovers, temporaryName } from '../../files/leftovers.ts';
import { makeFolder } from '../../files/make-folder.ts';
import { readRegular, UnfitFileError } from '../../files/open-regular.ts';
import { deliveredMode } from '../../files/own-umask.ts';
import { placeCopy } from '../../files/place-once.ts';
import type { WriteRequest, WrittenFile } from '../document-store.ts';
import { requireBelow } from './require-below.ts';

/** Times a name may be taken by somebody between our look and our write. */
const MAX_RACES = 5;

/** Results in a directory of this machine. */
export class LocalResults {
  readonly #root: string;
  readonly #isProtected: ((path: string) => boolean) | undefined;
  readonly #fs: FileSystem;
  /** Folders that hold nothing any more of what killed processes were writing. */
  readonly #cleared = new Set<string>();

  /** @param isProtected paths that are never written over, whatever the policy: the scans themselves. Absolute. */
  constructor(root: string, isProtected: ((path: string) => boolean) | undefined, fs: FileSystem) {
    this.#root = root;
    this.#isProtected = isProtected;
    this.#fs = fs;
  }

  /** @throws {OutputError} `NAME_UNSAFE`, `NAME_TAKEN`, or as the disk has it. @throws {AccessError} */
  async write(request: WriteRequest, signal: AbortSignal): Promise<WrittenFile> {
    const parts = request.path.split('/');
    if (parts.some((part) => part === '' || part === '.' || part === '..' || part.includes('\0'))) {
      throw new OutputError(
        'NAME_UNSAFE',
        `"${request.path}" is not a name that can be written.`,
        {
          safe: 'Nothing was written.',
        },
        { scope: 'document' },
      );
    }
    try {
      return await this.#writeChecked(request, signal);
    } catch (error) {
      throwIfStopped(signal);
      // A folder has the name, or a file has the name of a folder on the way.
      if (isErrnoOf(error, 'taken') || hasErrno(error, 'ENOTDIR')) throw nameTaken(request.path);
      throw await this.#explainRefusal(error, request);
    }
  }

  /** What concerns one name or file costs that document; where the folder itself refuses, the run stops. */
  async #explainRefusal(error: unknown, { path, artifact }: WriteRequest): Promise<unknown> {
    const file = join(this.#root, path);
    const facts = { flag: '--output', neededBytes: artifact.sizeBytes, file } as const;
    if (isErrnoOf(error, 'limit') || hasErrno(error, 'ENOSPC', 'EDQUOT')) return await explainWrite(error, file, facts);
    if (readErrno(error)) await this.checkWritable();
    return await explainWrite(error, path, { ...facts, scope: 'document' });
  }

  async #writeChecked(request: WriteRequest, signal: AbortSignal): Promise<WrittenFile> {
    const { artifact } = request;
    let path = request.path;
    let races = 0;
    for (let n = 2; ; n++) {
      const target = join(this.#root, path);
      await requireBelow(this.#root, target, path);
      const there = await sha1Of(target, signal);
      const done = (outcome: WrittenFile['outcome']): WrittenFile => ({
        outcome,
        path,
        id: target,
        sha1: artifact.sha1,
      });
      if (there === artifact.sha1) return done('unchanged');
      const mayReplace = this.#isProtected?.(target) !== true;
      const replace = there !== undefined && mayReplace && (request.isOurs(there) || request.onConflict === 'version');
      if (there === undefined || replace) {
        await this.#clearLeftovers(dirname(target));
        if (await placeCopy({ from: artifact.file, target, sha1: artifact.sha1, replace }, signal, this.#fs))
          return done(replace ? 'replaced' : 'created');
        // Somebody took the name since we looked, or it is a link that leads nowhere: look again, not for ever.
        if (++races > MAX_RACES) throw nameTaken(path);
        n--;
        continue;
      }
      if (request.onConflict === 'skip') return { ...done('skipped'), sha1: there };
      if (request.onConflict === 'stop' || request.onConflict === 'version') throw nameTaken(request.path);
      path = numbered(request.path, n);
    }
  }

  /** Makes the folder and a file in it, and leaves the folder. @throws {AccessError} `OUTPUT_NOT_WRITABLE`. @throws {OutputError} */
  async checkWritable(): Promise<void> {
    const probe = join(this.#root, await temporaryName());
    try {
      await makeFolder(this.#root, this.#fs, deliveredMode('folder'));
      await this.#clearLeftovers(this.#root);
      const file = await this.#fs.open(probe, 'wx');
      try {
        await file.writeFile('probe');
      } finally {
        await file.close();
      }
    } catch (error) {
      if (isErrnoOf(error, 'access')) {
        throw new AccessError('OUTPUT_NOT_WRITABLE', `You may not write to ${this.#root}.`, {
          why: `${explainErrno(error)}.`,
          safe: 'Nothing was written there.',
          remedy: 'Give another folder with --output.',
        });
      }
      throw await explainWrite(error, this.#root, { flag: '--output' });
    } finally {
      await this.#fs.rm(probe, { force: true }).catch(() => undefined);
    }
  }

  async #clearLeftovers(folder: string): Promise<void> {
    if (this.#cleared.has(folder)) return;
    this.#cleared.add(folder);
    await removeLeftovers(folder);
  }
}

/** Of what has a name already; undefined where nothing has. What is no file, such as a named pipe, is like no file of ours. */
async function sha1Of(file: string, signal: AbortSignal): Promise<string | undefined> {
  const hash = createHash('sha1');
  try {
    for await (const part of readRegular(file, { signal })) hash.update(part);
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return undefined;
    if (error instanceof UnfitFileError) return 'no file';
    throw error;
  }
  return hash.digest('hex');
}

function numbered(path: string, n: number): string {
  const extension = /(?:\.alto\.xml|\.[^./]+)?$/.exec(path)?.[0] ?? '';
  return `${path.slice(0, path.length - extension.length)} (${n})${extension}`;
}
