import { execFile, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startBoxEmulator } from '../box-emulator/box-emulator.ts';
import { requireTools } from '../support/requires.ts';
import { typedPdf } from '../support/typed-pdf.ts';
import { HANG_MS } from '../support/hang.ts';

const PROJECT = resolve(import.meta.dirname, '../..');
/** What `npm pack` needs of the project; the rest, and above all dist/, stays out of the way. */
const NEEDED = [
  'bin',
  'src',
  'scripts',
  'docs',
  'containers',
  'slurm',
  'package.json',
  '.npmrc',
  'README.md',
  'LICENSE',
  'NOTICE',
];

interface Manifest {
  readonly version: string;
  readonly bin: Readonly<Record<string, string>>;
  readonly engines: { readonly node: string };
  readonly dependencies: Readonly<Record<string, string>>;
}

function run(command: string, args: readonly string[], cwd: string, timeoutMs: number): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8', timeout: timeoutMs });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}\n${stdout}\n${stderr}`);
  return stdout;
}

const manifest = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as Manifest;
/** The oldest Node that the package says it runs on: `>=22.13` is 22.13.0. */
const OLDEST = `${manifest.engines.node.replace(/^>=/, '')}.0`;
const need = requireTools(['npm', 'tar']);

describe.skipIf(need.skip)('the package', () => {
  let folder = '';
  let installed = '';
  let program = '';
  let oldest = '';

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
    run('npm', ['pack', '--pack-destination', folder], copy, HANG_MS);

    installed = join(folder, 'elsewhere/node_modules/ocr-pipeline');
    mkdirSync(installed, { recursive: true });
    const archive = join(folder, `ocr-pipeline-${manifest.version}.tgz`);
    run('tar', ['-xzf', archive, '-C', installed, '--strip-components=1'], folder, HANG_MS);
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

    // In a folder of its own: beside our own Node it would take its name.
    run(
      'npm',
      ['install', '--no-save', '--no-audit', '--no-fund', '--prefix', join(folder, 'oldest'), `node@${OLDEST}`],
      folder,
      HANG_MS,
    );
    oldest = join(folder, 'oldest/node_modules/node/bin/node');
    expect(run(oldest, ['--version'], folder, HANG_MS).trim()).toBe(`v${OLDEST}`);
  }, HANG_MS);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('holds the program, its licence and its documents, and nothing of the tests', () => {
    const names = readdirSync(installed);
    expect(names).toEqual(expect.arrayContaining(['bin', 'dist', 'LICENSE', 'NOTICE', 'README.md', 'package.json']));
    for (const name of ['src', 'test', 'bench', 'node_modules']) expect(names).not.toContain(name);
    const files = readdirSync(join(installed, 'dist'), { recursive: true, encoding: 'utf8' });
    expect(files).toContain(join('cli', 'main.js'));
    expect(files.filter((file) => file.endsWith('.ts'))).toEqual([]);
  });

  test('its command hands on which signals are ignored', () => {
    const command = join(installed, manifest.bin['ocr-pipeline'] ?? '');
    expect(run(command, ['--version'], join(folder, 'elsewhere'), HANG_MS).trim()).toBe(manifest.version);
    expect(readFileSync(command, 'utf8')).toContain('OCR_IGNORED_SIGNALS');
  });

  test('installed elsewhere says its version', () => {
    const answer = run(process.execPath, [program, '--version'], join(folder, 'elsewhere'), HANG_MS);
    expect(answer.trim()).toContain(manifest.version);
  });

  describe.each([
    ['this Node', () => process.execPath],
    [`Node ${OLDEST}`, () => oldest],
  ] as const)('installed elsewhere, with %s', (name, node) => {
    // With `force` the pages are drawn by pdf.js, with its own fonts, and read by tesseract.js, with the model that came along.
    test(
      'draws and reads a document, with the workers it was built with',
      () => {
        const document = join(folder, 'letter.pdf');
        writeFileSync(document, typedPdf(['The first page of a letter', 'The second page follows']));
        const output = join(folder, name, 'text');
        const how = [
          '--lang',
          'eng',
          '--engine',
          'tesseract.js',
          '--mode',
          'force',
          '--formats',
          'txt,pdf,hocr,alto,tsv,jsonl',
          '--jobs',
          '1',
        ];
        const places = ['--input', document, '--output', output, '--work-dir', join(folder, name, 'runs')];
        run(node(), [program, 'run', ...places, ...how], join(folder, 'elsewhere'), HANG_MS);
        const pages = readFileSync(join(output, 'letter.txt'), 'utf8').split('\f');
        expect(pages.map((page) => page.trim())).toEqual(['The first page of a letter', 'The second page follows']);
        expect(readFileSync(join(output, 'letter.pdf')).length).toBeGreaterThan(500);
      },
      HANG_MS,
    );

    test(
      'reads a folder of Box and puts the results there',
      async () => {
        const emulator = await startBoxEmulator();
        try {
          const { id } = emulator.seedFolder('Scans');
          await emulator.seedFile(
            'Scans/letter.pdf',
            typedPdf(['The first page of a letter', 'The second page follows']),
          );
          const home = join(folder, name, 'home');
          const env = {
            PATH: process.env['PATH'],
            HOME: home,
            NO_PROXY: '127.0.0.1',
            OCR_PIPELINE_BOX_API_URL: emulator.apiUrl,
            OCR_PIPELINE_BOX_UPLOAD_URL: emulator.uploadUrl,
            OCR_PIPELINE_BOX_ACCOUNT_URL: emulator.oauthUrl,
            BOX_DEVELOPER_TOKEN: emulator.issueTokens().access_token,
          };
          const args = [
            program,
            'run',
            '--box-folder',
            id,
            '--lang',
            'eng',
            '--engine',
            'tesseract.js',
            '--jobs',
            '1',
            '--work-dir',
            join(home, 'runs'),
          ];
          await promisify(execFile)(node(), args, { cwd: folder, env, timeout: HANG_MS });
          expect(emulator.list(id).map(({ path }) => path)).toEqual(
            expect.arrayContaining(['OCR/letter.pdf', 'OCR/letter.txt']),
          );
          expect(emulator.defects).toEqual([]);
        } finally {
          await emulator.close();
        }
      },
      HANG_MS,
    );
  });
});
