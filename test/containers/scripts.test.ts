import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeFolder, PROJECT } from '../cli/run-cli.ts';
import { requireAll, requireLanguages, requireThat, requireTools } from '../support/requires.ts';
import { HANG_MS } from '../support/hang.ts';

function run(script: string, ...args: string[]): { status: number | null; stderr: string; stdout: string } {
  return spawnSync('bash', [join(PROJECT, script), ...args], { encoding: 'utf8', timeout: HANG_MS });
}

const debian = requireThat(
  process.arch === 'x64' && process.platform === 'linux',
  'the scripts are for Linux on x86-64',
);

describe.skipIf(debian.skip)('the scripts, called wrongly', () => {
  test('each names the argument it does not know', () => {
    for (const script of ['build-tesseract', 'build-image', 'apptainer-up']) {
      const { status, stderr } = run(`scripts/${script}.sh`, '--fast');
      expect(status, script).toBe(64);
      expect(stderr, script).toContain('--fast');
    }
    expect(run('scripts/build-image.sh').status).toBe(64);
  });

  test('a folder that Tesseract was not built into is left as it is', () => {
    const folder = makeFolder();
    writeFileSync(join(folder, 'mine'), 'kept');
    const { status, stderr } = run('scripts/build-tesseract.sh', '--prefix', folder);
    expect(status).toBe(73);
    expect(stderr).toContain('Nothing was touched');
    expect(readdirSync(folder)).toEqual(['mine']);
  });
});

const need = requireAll(requireTools(['pdftoppm', 'tesseract']), requireLanguages(['eng']));

describe.skipIf(need.skip)('the comparison with the Tesseract of Debian', () => {
  const samples = makeFolder();
  const compare = (folder: string) => run('containers/compare-texts.sh', '/usr/bin/tesseract', folder);

  test('accepts the same reading, to the byte', () => {
    const image = join(samples, 'eng-1.png');
    const page = [
      '-png',
      '-r',
      '200',
      '-f',
      '1',
      '-singlefile',
      join(PROJECT, 'test/fixtures/twelve-pages.pdf'),
      join(samples, 'eng-1'),
    ];
    expect(spawnSync('pdftoppm', page).status).toBe(0);
    const args = ['stdin', 'stdout', '-l', 'eng', '-c', 'tessedit_create_hocr=1'];
    const { stdout } = spawnSync('/usr/bin/tesseract', args, { input: readFileSync(image), timeout: HANG_MS });
    expect(stdout.toString()).toMatch(/ocrx_word.*x_wconf/);
    writeFileSync(join(samples, 'eng-1.hocr'), stdout);
    expect(compare(samples).status).toBe(0);
  });

  test('rejects one that differs by a single confidence, and a folder without samples', () => {
    const other = join(samples, 'other');
    mkdirSync(other);
    expect(compare(other).status).toBe(1);
    copyFileSync(join(samples, 'eng-1.png'), join(other, 'eng-1.png'));
    const read = readFileSync(join(samples, 'eng-1.hocr'), 'utf8');
    const changed = read.replace(/x_wconf \d+/, 'x_wconf 1');
    expect(changed).not.toBe(read);
    writeFileSync(join(other, 'eng-1.hocr'), changed);
    const { status, stderr } = compare(other);
    expect(status).toBe(1);
    expect(stderr).toContain('does not read');
  });
});
