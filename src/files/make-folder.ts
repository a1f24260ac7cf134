import { dirname } from 'node:path';
import { hasErrno } from '../core/errno.ts';
import { realFileSystem, type FileSystem } from './file-system.ts';

/**
 * Makes a folder and those above it. Node's own `recursive` never settles where a file system answers ENOENT below a folder
 * that is there (as /proc does): this asks for each folder once.
 * @param mode of folders that are made, whatever the umask.
 */
export async function makeFolder(path: string, fs: FileSystem = realFileSystem, mode?: number): Promise<void> {
  const missing: string[] = [];
  for (let folder = path; ; folder = dirname(folder)) {
    const facts = await fs.stat(folder).catch((error: unknown) => {
      if (hasErrno(error, 'ENOENT')) return undefined;
      throw error;
    });
    if (facts?.isDirectory()) break;
    if (facts) throw Object.assign(new Error(`ENOTDIR: ${folder} is not a folder`), { code: 'ENOTDIR' });
    missing.push(folder);
    if (folder === dirname(folder)) break;
  }
  for (const folder of missing.reverse()) {
    await fs
      .mkdir(folder)
      .then(() => (mode === undefined ? undefined : fs.chmod(folder, mode)))
      .catch((error: unknown) => {
        // Somebody else was faster.
        if (!hasErrno(error, 'EEXIST')) throw error;
      });
  }
}
