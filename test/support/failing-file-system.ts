import { constants } from 'node:os';
import type { FileHandle } from 'node:fs/promises';
import { realFileSystem, type FileSystem } from '../../src/files/file-system.ts';
import { systemError } from './system-errors.ts';

/** Where the operating system can refuse while a file is written. */
export const WRITE_EDGES = ['open', 'write', 'fsync', 'rename', 'link', 'mkdir'] as const;
export type WriteEdge = (typeof WRITE_EDGES)[number];

/** Numbers of this system by their names; of two names for one number, the first. */
export const ERRNOS: readonly (readonly [name: string, number: number])[] = [
  ...new Map(Object.entries(constants.errno).map(([name, number]) => [number, name])),
].map(([number, name]) => [name, number]);

/** What is to fail, how often (by default always), and which paths (by default all). */
export interface Failure {
  readonly edge: WriteEdge;
  readonly errno: number;
  readonly times?: number;
  readonly paths?: (path: string) => boolean;
}

/** The real file system, but for one call that is refused with a number of the system. */
export function failingFileSystem({ edge, errno, times = Infinity, paths = () => true }: Failure): FileSystem {
  let left = times;
  const refuse = (at: WriteEdge, path: unknown): void => {
    if (at !== edge || left <= 0 || !paths(String(path))) return;
    left--;
    throw systemError(errno, { syscall: at });
  };
  const open = async (...args: Parameters<FileSystem['open']>): Promise<FileHandle> => {
    const [path, flags] = args;
    const writes = typeof flags === 'string' && flags !== 'r';
    if (writes) refuse('open', path);
    const handle = await realFileSystem.open(...args);
    return new Proxy(handle, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key, target);
        if (typeof value !== 'function') return value;
        return async (...given: unknown[]) => {
          if (key === 'writeFile' || key === 'appendFile') refuse('write', path);
          if (key === 'sync' || key === 'datasync') refuse('fsync', path);
          return (await Reflect.apply(value, target, given)) as unknown;
        };
      },
    });
  };
  return {
    ...realFileSystem,
    pauseMs: 1,
    open,
    async rename(from, to) {
      refuse('rename', to);
      await realFileSystem.rename(from, to);
    },
    async link(from, to) {
      refuse('link', to);
      await realFileSystem.link(from, to);
    },
    mkdir: (async (path: string, ...rest: []) => {
      refuse('mkdir', path);
      return await realFileSystem.mkdir(path, ...rest);
    }) as FileSystem['mkdir'],
  };
}
