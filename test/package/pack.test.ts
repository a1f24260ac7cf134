import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requireAll, requireTools } from '../support/requires.ts';

const PROJECT = resolve(import.meta.dirname, '../..');
const PACK_TIMEOUT_MS = 240_000;
const PROGRAM_TIMEOUT_MS = 120_000;
/** What `npm pack` needs of the project; the rest, and above all dist/, stays out of the way. */
const NEEDED = ['bin', 'src', 'scripts', 'docs', 'containers', 'slurm', 'package.json', '.npmrc', 'README.md', 'LICENSE', 'NOTICE'];

interface Manifest {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

function run(command: string, args: readonly string[], cwd: string, timeoutMs: number): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8', timeout: timeoutMs });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}\n${stdout}\n${stderr}`);
  return stdout;
}

const manifest = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as Manifest;
const need = requireAll(requireTools(['npm', 'tar']));

describe.skipIf(need.skip)('the package', () => {
  let folder = '';
  let installed = '';
  let program = '';

  /** Packs a copy of the project, so that no dist/ appears in the project itself, and unpacks it into another one. */
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'pack-'));
    const copy = join(folder, 'project');
    mkdirSync(copy);
    const settings = readdirSync(PROJECT).filter((name) => /^tsconfig.*\.json$/.test(name));
    for (const name of [...NEEDED, ...settings]) {
      if (existsSync(join(PROJECT, name))) cpSync(join(PROJECT, name), join(copy, name), { recursive: true });
    }
    symlinkSync(join(PROJECT, 'node_modules'), join(copy, 'node_modules'));
    run('npm', ['pack', '--pack-destination', folder], copy, PACK_TIMEOUT_MS);

    installed = join(folder, 'elsewhere/node_modules/ocr-pipeline');
    mkdirSync(installed, { recursive: true });
    const archive = join(folder, `ocr-pipeline-${manifest.version}.tgz`);
    run('tar', ['-xzf', archive, '-C', installed, '--strip-components=1'], folder, PACK_TIMEOUT_MS);
    // Only what it declares: a package used without being declared is not found.
    for (const name of Object.keys(manifest.dependencies)) {
      const link = join(folder, 'elsewhere/node_modules', name);
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(join(PROJECT, 'node_modules', name), link);
    }
    const commands = join(folder, 'elsewhere/node_modules/.bin');
    mkdirSync(commands);
    program = join(commands, 'ocr-pipeline');
    symlinkSync('../ocr-pipeline/bin/ocr-pipeline.js', program);
  }, PACK_TIMEOUT_MS);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('holds the program, its licence and its documents, and nothing of the tests', () => {
    const names = readdirSync(installed);
    expect(names).toEqual(expect.arrayContaining(['bin', 'dist', 'LICENSE', 'NOTICE', 'README.md', 'package.json']));
    for (const name of ['src', 'test', 'bench', 'node_modules']) expect(names).not.toContain(name);
    const files = readdirSync(join(installed, 'dist'), { recursive: true, encoding: 'utf8' });
    expect(files).toContain(join('cli', 'main.js'));
    expect(files.filter((file) => file.endsWith('.ts'))).toEqual([]);
  });

  test('installed elsewhere says its version', () => {
    const answer = run(process.execPath, [program, '--version'], join(folder, 'elsewhere'), PROGRAM_TIMEOUT_MS);
    expect(answer.trim()).toContain(manifest.version);
  });

  test('installed elsewhere reads a document, with the workers it was built with', () => {
    const sample = join(PROJECT, 'test/fixtures/scan-3-pages.pdf');
    const output = join(folder, 'text');
    const options = ['--lang', 'eng', '--engine', 'tesseract.js', '--formats', 'txt', '--jobs', '1'];
    const places = ['--input', sample, '--output', output, '--work-dir', join(folder, 'runs')];
    run(process.execPath, [program, 'run', ...places, ...options], join(folder, 'elsewhere'), PROGRAM_TIMEOUT_MS);
    const text = readFileSync(join(output, 'scan-3-pages.txt'), 'utf8');
    expect(text.split('\f')).toHaveLength(3);
    expect(text.length).toBeGreaterThan(100);
  }, PROGRAM_TIMEOUT_MS);
});
