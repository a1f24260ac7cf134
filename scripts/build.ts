/** `npm run build`: compiles src/ to dist/ and copies the files there that are not TypeScript. */
import { spawnSync } from 'node:child_process';
import { cpSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

const COMPILE_TIMEOUT_MS = 300_000;

const project = resolve(import.meta.dirname, '..');
const source = join(project, 'src');
const target = join(project, 'dist');

// A file left over from an earlier build would go into the package.
rmSync(target, { recursive: true, force: true });
const compiler = join(project, 'node_modules/typescript/bin/tsc');
const { status, error } = spawnSync(process.execPath, [compiler, '-p', join(project, 'tsconfig.build.json')], {
  cwd: project,
  stdio: 'inherit',
  timeout: COMPILE_TIMEOUT_MS,
});
if (error !== undefined) throw error;
if (status === 0) {
  cpSync(source, target, {
    recursive: true,
    filter: (path) => statSync(path).isDirectory() || !path.endsWith('.ts'),
  });
} else {
  process.exitCode = 1;
}
