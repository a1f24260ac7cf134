import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** Whole folders that are no unit tests: they work through the program, a stand-in for a service, or the package. */
const OTHER_FOLDERS = [
  'test/bench/',
  'test/box-emulator/',
  'test/characterisation/',
  'test/containers/',
  'test/e2e/',
  'test/package/',
  'test/scripts/',
];

/** Files that take longer than one waits while working, or start page workers of their own. */
const SLOW_FILES: readonly string[] = [
  'test/conformance/page-renderer.test.ts',
  'test/executors/local.test.ts',
  'test/pdf/pdf-file-fuzz.test.ts',
  'test/stores/box/transport/faults.test.ts',
  'test/work/work-chunk.test.ts',
  'test/work/worker-pool.test.ts',
];

/** Whoever imports one of these starts other programs or a stand-in for Box, or needs what may not be installed. */
const REACHES_OUT =
  /from ['"](?:node:child_process|[./\w-]*\/(?:requires|slurm-lab|run-cli|box-emulator\/box-emulator)\.ts)['"]/;

/**
 * Finds the test files that need nothing but Node: neither they nor what they import of `test/` start another program or
 * a stand-in for a service, or ask whether a tool is there. Paths relative to `root`, sorted.
 */
export function findUnitTests(root: string): string[] {
  const known = new Map<string, boolean>();
  const reachesOut = (file: string): boolean => {
    const before = known.get(file);
    if (before !== undefined) return before;
    // Circles end here; what they reach is found by the file that began.
    known.set(file, false);
    const text = readFileSync(join(root, file), 'utf8');
    const imports = [...text.matchAll(/from ['"](\.{1,2}\/[^'"]+\.ts)['"]/g)]
      .map(([, path = '']) => relative(root, join(root, dirname(file), path)))
      .filter((path) => path.startsWith('test/') && existsSync(join(root, path)));
    const answer = REACHES_OUT.test(text) || imports.some(reachesOut);
    known.set(file, answer);
    return answer;
  };
  return globSync('test/**/*.test.ts', { cwd: root })
    .filter((file) => !OTHER_FOLDERS.some((folder) => file.startsWith(folder)) && !SLOW_FILES.includes(file))
    .filter((file) => !reachesOut(file))
    .toSorted();
}
