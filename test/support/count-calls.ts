import { appendFileSync, chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { findTool } from './requires.ts';

/** Stands before programs on the PATH and counts how often each is called. Close it. */
export class CallCounter implements Disposable {
  /** A PATH that leads to the counted programs first. */
  readonly path: string;
  readonly #folder: string;
  readonly #log: string;

  /** @throws {Error} a program is not there. */
  constructor(programs: readonly string[]) {
    this.#folder = mkdtempSync(join(tmpdir(), 'counted-'));
    this.#log = join(this.#folder, 'calls');
    appendFileSync(this.#log, '');
    for (const program of programs) {
      const real = findTool(program);
      if (real === undefined) throw new Error(`${program} is not on the PATH`);
      const wrapper = join(this.#folder, program);
      // One short line is appended in one write, so that callers at the same time do not mix.
      writeFileSync(wrapper, `#!/bin/sh\necho ${program} >>'${this.#log}'\nexec '${real}' "$@"\n`);
      chmodSync(wrapper, 0o755);
    }
    this.path = `${this.#folder}${delimiter}${process.env['PATH'] ?? ''}`;
  }

  /** Calls until now, by program. */
  counts(): Readonly<Record<string, number>> {
    const names = readFileSync(this.#log, 'utf8')
      .split('\n')
      .filter((name) => name !== '');
    return Object.fromEntries([...Map.groupBy(names, (name) => name)].map(([name, calls]) => [name, calls.length]));
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
