import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requireTools } from '../support/requires.ts';
import { typedPdf } from '../support/typed-pdf.ts';

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
const need = requireTools(['npm', 'tar']);

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

  // With `force` the pages are drawn by pdf.js, with its own fonts, and read by tesseract.js, with the model that came along.
  test('installed elsewhere draws and reads a document, with the workers it was built with', () => {
    const document = join(folder, 'letter.pdf');
    writeFileSync(document, typedPdf(['The first page of a letter', 'The second page follows']));
    const output = join(folder, 'text');
    const how = ['--lang', 'eng', '--engine', 'tesseract.js', '--mode', 'force', '--formats', 'txt,pdf', '--jobs', '1'];
    const places = ['--input', document, '--output', output, '--work-dir', join(folder, 'runs')];
    run(process.execPath, [program, 'run', ...places, ...how], join(folder, 'elsewhere'), PROGRAM_TIMEOUT_MS);
    const pages = readFileSync(join(output, 'letter.txt'), 'utf8').split('\f');
    expect(pages.map((page) => page.trim())).toEqual(['The first page of a letter', 'The second page follows']);
    expect(readFileSync(join(output, 'letter.pdf')).length).toBeGreaterThan(500);
  }, PROGRAM_TIMEOUT_MS);
});
