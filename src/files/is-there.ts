import { access } from 'node:fs/promises';

/** Whether something is there that this process can reach; with `mode` (access(2)), that it may use so. */
export function isThere(path: string | URL, mode?: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}
