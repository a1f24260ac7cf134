import type { AppendFile, Disk } from '../../src/files/disk.ts';

/** Thrown by a disk that was told to fail. */
export class DiskFailure extends Error {}

/**
 * A disk whose writes fail from the nth on (0-based), as after a crash: nothing after it reaches the disk either. Where
 * the failing write is an append, its first half is written: a torn line.
 */
export function failAfter(disk: Disk, n: number): Disk & { readonly writes: () => number } {
  let count = 0;
  const step = (): void => {
    if (count++ >= n) throw new DiskFailure(`write ${n} fails`);
  };
  return {
    writes: () => count,
    async makeFolder(path) {
      step();
      await disk.makeFolder(path);
    },
    async writeWhole(path, content) {
      step();
      await disk.writeWhole(path, content);
    },
    async copyWhole(from, to) {
      step();
      await disk.copyWhole(from, to);
    },
    async openAppend(path): Promise<AppendFile> {
      step();
      const file = await disk.openAppend(path);
      return {
        async append(bytes) {
          if (count === n) await file.append(bytes.slice(0, Math.floor(bytes.length / 2)));
          step();
          await file.append(bytes);
        },
        async sync() {
          step();
          await file.sync();
        },
        close: () => file.close(),
      };
    },
    async rename(from, to) {
      step();
      await disk.rename(from, to);
    },
    async renameUnlessThere(from, to) {
      step();
      await disk.renameUnlessThere(from, to);
    },
    async remove(path) {
      step();
      await disk.remove(path);
    },
  };
}
