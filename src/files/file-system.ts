import { access, chmod, copyFile, link, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';

/** The calls of the operating system by which this folder writes: replaced by tests only, which make them fail. */
export interface FileSystem {
  /** How long the trouble of a disk gets to pass before it is asked once more. */
  readonly pauseMs: number;
  readonly access: typeof access;
  readonly chmod: typeof chmod;
  readonly copyFile: typeof copyFile;
  readonly link: typeof link;
  readonly mkdir: typeof mkdir;
  readonly open: typeof open;
  readonly readdir: (folder: string) => Promise<string[]>;
  readonly rename: typeof rename;
  readonly rm: typeof rm;
  readonly stat: typeof stat;
}

/** The real one. */
export const realFileSystem: FileSystem = {
  pauseMs: 500,
  access,
  chmod,
  copyFile,
  link,
  mkdir,
  open,
  readdir: (folder) => readdir(folder),
  rename,
  rm,
  stat,
};
