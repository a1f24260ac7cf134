import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HANG_MS } from './hang.ts';

/** A small file system for run folders, which can be filled; a plain folder where one may not be mounted. Close it. */
export class SmallScratch implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'small-scratch-'));
  /** Whether it is a file system of its own. */
  readonly isOwn: boolean;

  constructor(sizeMiB: number) {
    let isOwn = true;
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeMiB}m`, 'tmpfs', this.folder], {
        stdio: 'ignore',
        timeout: HANG_MS,
      });
    } catch {
      isOwn = false;
    }
    this.isOwn = isOwn;
  }

  [Symbol.dispose](): void {
    // Lazily: a job that was left alone may still have a file open.
    if (this.isOwn) execFileSync('umount', ['-l', this.folder], { timeout: HANG_MS });
    rmSync(this.folder, { recursive: true, force: true });
  }
}
