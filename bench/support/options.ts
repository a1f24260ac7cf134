import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { delimiter, join, resolve } from 'node:path';

/** What every benchmark is told. */
export interface BenchOptions {
  /** Tiny inputs and one round: shows that it works, not how fast it is. */
  readonly quick: boolean;
  /** The largest inputs a benchmark has, for memory rather than speed. */
  readonly large: boolean;
  /** Processes at once. */
  readonly jobs: number;
  /** How often each measurement is taken; the medians are shown. */
  readonly rounds: number;
  /** The scans to read; holds manifest.json. */
  readonly corpus: string;
  /** A folder of this benchmark alone, removed after it. */
  readonly scratch: string;
  /** Says what is being done, on stderr. */
  readonly say: (text: string) => void;
}

export const PROJECT = resolve(import.meta.dirname, '../..');

/** Our own command line, run from this checkout: node and its first arguments. */
export const OURS = { program: process.execPath, args: [join(PROJECT, 'bin/ocr-pipeline.js')] } as const;

export const DEFAULT_CORPUS = resolve(PROJECT, '../shared/corpus/dev/accuracy');

export function defaultJobs(): number {
  return availableParallelism();
}

/** @throws {Error} naming what is missing and how to get it. */
export function insistOnPrograms(names: readonly string[]): void {
  const missing = names.filter((name) => !isOnPath(name));
  if (missing.length === 0) return;
  throw new Error(`not installed: ${missing.join(', ')}. As root on Debian: scripts/install-test-tools.sh --bench`);
}

export function isOnPath(name: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => folder !== '' && existsSync(join(folder, name)));
}
