import { chmodSync, lstatSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configPlaces, showPath } from '../../src/config/config-files.ts';
import { writeSetting } from '../../src/config/edit-config.ts';
import { loadSettings } from '../../src/config/load-settings.ts';
import { isTrusted, trust } from '../../src/config/trust.ts';
import type { RawValue } from '../../src/core/config/resolve-settings.ts';
import type { SettingName } from '../../src/core/config/settings-table.ts';
import { ConfigError, PipelineError, UsageError } from '../../src/core/errors.ts';
import { makeFolder } from '../cli/run-cli.ts';

const NO_FLAGS: ReadonlyMap<SettingName, RawValue> = new Map();

/** Loads the settings of a project file. */
async function load(
  yaml: string,
  environment: Record<string, string> = {},
  flags = NO_FLAGS,
): Promise<Awaited<ReturnType<typeof loadSettings>>> {
  const workingFolder = makeFolder();
  writeFileSync(join(workingFolder, 'ocr-pipeline.yaml'), yaml);
  return loadSettings(flags, { workingFolder, environment: { HOME: '/home/ada', ...environment } });
}

async function errorOf(promise: Promise<unknown>): Promise<PipelineError> {
  const error: unknown = await promise.then(
    () => new Error('it did not reject'),
    (reason: unknown) => reason,
  );
  if (error instanceof PipelineError) return error;
  throw error;
}

describe('configuration files', () => {
  it('reads values as they were typed', async () => {
    const { settings } = await load(
      'dpi: 400\nlang: "deu+frk"\nrecursive: no\nformats: [pdf, txt]\nmatch:\n  - a/**\n  - 2024\npage-timeout: 5m\n',
    );
    expect(settings).toMatchObject({
      dpi: 400,
      lang: 'deu+frk',
      recursive: false,
      formats: ['txt', 'pdf'],
      match: ['a/**', '2024'],
      pageTimeout: 300,
    });
  });

  it('is content with an empty file, and one of comments only', async () => {
    expect((await load('')).settings.dpi).toBe(300);
    expect((await load('# nothing yet\n')).settings.dpi).toBe(300);
  });

  it('starts relative paths at the file, and knows ~ and variables', async () => {
    const workingFolder = makeFolder();
    const home = makeFolder();
    mkdirSync(join(home, '.config', 'ocr-pipeline'), { recursive: true });
    writeFileSync(
      join(home, '.config', 'ocr-pipeline', 'config.yaml'),
      'work-dir: runs\noutput: ~/text\ninput: [$SCANS/a, "${SCANS}b"]\n',
    );
    const { settings } = await loadSettings(NO_FLAGS, {
      workingFolder,
      environment: { HOME: home, SCANS: '/data/scans' },
    });
    expect(settings).toMatchObject({
      workDir: join(home, '.config', 'ocr-pipeline', 'runs'),
      output: join(home, 'text'),
      input: ['/data/scans/a', '/data/scansb'],
    });
  });

  it('takes the default work folder from the home folder', async () => {
    expect((await load('')).settings.workDir).toBe('/home/ada/ocr-runs');
  });

  it.each([
    ['lagn: deu\n', 'CONFIG_UNKNOWN_KEY', 'line 1 (lagn)'],
    ['\n\ndpi: many\n', 'CONFIG_BAD_VALUE', 'line 3 (dpi)'],
    ['dpi:\n', 'CONFIG_BAD_VALUE', 'has no value'],
    ['dpi: 300\ndpi: 400\n', 'CONFIG_SYNTAX', 'line 2'],
    ['dpi: [300\n', 'CONFIG_SYNTAX', 'line'],
    ['- dpi\n', 'CONFIG_SYNTAX', 'setting: value'],
    ['just words\n', 'CONFIG_SYNTAX', 'setting: value'],
    ['formats: [[txt]]\n', 'CONFIG_SYNTAX', 'line 1'],
    ['page:\n  timeouts: 3\n', 'CONFIG_UNKNOWN_KEY', 'line 2 (page.timeouts)'],
    ['work-dir: $NOT_SET/runs\n', 'CONFIG_NO_VARIABLE', '$NOT_SET'],
    ['tesseract: ./mine\n', 'CONFIG_NOT_HERE', 'line 1'],
    [`a: &a [${'x,'.repeat(9)}x]\nb: &b [${'*a,'.repeat(9)}*a]\nc: [${'*b,'.repeat(9)}*b]\n`, 'CONFIG_SYNTAX', 'line'],
  ])('refuses %j, naming the place', async (yaml, code, words) => {
    const error = await errorOf(load(yaml));
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.code).toBe(code);
    expect(error.message).toContain(words);
  });

  it('lets a flag mend a wrong value, but not a wrong key', async () => {
    const flags = new Map<SettingName, RawValue>([['dpi', { texts: ['400'], where: '--dpi' }]]);
    expect((await load('dpi: many\n', {}, flags)).settings.dpi).toBe(400);
    expect((await errorOf(load('dip: 300\n', {}, flags))).code).toBe('CONFIG_UNKNOWN_KEY');
  });

  it('calls a wrong flag a wrong command line', async () => {
    const flags = new Map<SettingName, RawValue>([['dpi', { texts: ['many'], where: '--dpi' }]]);
    expect(await errorOf(load('', {}, flags))).toBeInstanceOf(UsageError);
  });

  it('reads lists in the environment by lines, so that names may hold commas and spaces', async () => {
    const { settings } = await load('', { OCR_PIPELINE_INPUT: '/a b,c.pdf\n/d.pdf', OCR_PIPELINE_FORMATS: 'txt,alto' });
    expect(settings).toMatchObject({ input: ['/a b,c.pdf', '/d.pdf'], formats: ['txt', 'alto'] });
  });

  it('misses a site file that was named, and not one that was not', async () => {
    const shell = {
      workingFolder: makeFolder(),
      environment: { HOME: makeFolder(), OCR_PIPELINE_SITE_FILE: '/nowhere/site.yaml' },
    };
    expect((await errorOf(loadSettings(NO_FLAGS, shell))).code).toBe('CONFIG_UNREADABLE');
    await expect(loadSettings(NO_FLAGS, { ...shell, environment: { HOME: makeFolder() } })).resolves.toBeDefined();
  });

  it('refuses a folder and a huge file in place of a file', async () => {
    const workingFolder = makeFolder();
    mkdirSync(join(workingFolder, 'ocr-pipeline.yaml'));
    expect((await errorOf(loadSettings(NO_FLAGS, { workingFolder, environment: {} }))).code).toBe('CONFIG_UNREADABLE');
    expect((await errorOf(load('#'.repeat(2_000_000)))).message).toContain('too large');
  });

  it('ignores a relative XDG_CONFIG_HOME, as the specification says', () => {
    const files = (environment: Record<string, string>): string[] =>
      configPlaces({ workingFolder: '/w', environment }).map(({ file }) => file);
    expect(files({ HOME: '/h', XDG_CONFIG_HOME: 'x' })[1]).toBe('/h/.config/ocr-pipeline/config.yaml');
    expect(files({ HOME: '/h', XDG_CONFIG_HOME: '/x' })[1]).toBe('/x/ocr-pipeline/config.yaml');
  });

  it('shows paths as people write them', () => {
    const shell = { workingFolder: '/home/ada/w', environment: { HOME: '/home/ada' } };
    expect(['/home/ada/w/a', '/home/ada/b', '/c', '/home/adam/d'].map((file) => showPath(file, shell))).toEqual([
      './a',
      '~/b',
      '/c',
      '/home/adam/d',
    ]);
  });
});

describe('writing a setting', () => {
  it('leaves a broken file as it is', async () => {
    const file = join(makeFolder(), 'config.yaml');
    writeFileSync(file, 'dpi: [300\n');
    expect((await errorOf(writeSetting(file, 'dpi', ['400']))).code).toBe('CONFIG_SYNTAX');
    expect(readFileSync(file, 'utf8')).toBe('dpi: [300\n');
  });

  it('keeps digits text, so that identities survive', async () => {
    const file = join(makeFolder(), 'deep', 'config.yaml');
    await writeSetting(file, 'output', ['0012']);
    expect(readFileSync(file, 'utf8')).toBe('output: "0012"\n');
  });

  it('says when the file cannot be', async () => {
    const folder = makeFolder();
    mkdirSync(join(folder, 'config.yaml'));
    expect((await errorOf(writeSetting(join(folder, 'config.yaml'), 'dpi', ['400']))).code).toBe('CONFIG_UNREADABLE');
  });

  it('keeps the file closed to others that holds a secret', async () => {
    const file = join(makeFolder(), 'config.yaml');
    writeFileSync(file, 'box-client-secret: abcdefghijkl\n', { mode: 0o600 });
    await writeSetting(file, 'dpi', ['400']);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it("makes a new file its owner's alone, and none that others can write", async () => {
    const folder = makeFolder();
    await writeSetting(join(folder, 'own.yaml'), 'dpi', ['400']);
    expect(statSync(join(folder, 'own.yaml')).mode & 0o777).toBe(0o600);
    const open = join(folder, 'open.yaml');
    writeFileSync(open, '');
    chmodSync(open, 0o666);
    await writeSetting(open, 'dpi', ['400']);
    expect(statSync(open).mode & 0o777).toBe(0o644);
  });

  it('writes a file that is a link where it leads', async () => {
    const folder = makeFolder();
    const [link, target] = [join(folder, 'config.yaml'), join(folder, 'dotfiles.yaml')];
    writeFileSync(target, 'lang: deu\n');
    symlinkSync('dotfiles.yaml', link);
    await writeSetting(link, 'dpi', ['400']);
    expect(readFileSync(target, 'utf8')).toBe('lang: deu\ndpi: "400"\n');
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
  });
});

describe.skipIf(process.platform === 'win32')('a file that others can write', () => {
  it.each([
    ['config.yaml', 0o602],
    ['config.yaml', 0o620],
    ['site.yaml', 0o602],
  ])('is not heeded: %s with %o', async (name, mode) => {
    const home = makeFolder();
    const folder = join(home, '.config', 'ocr-pipeline');
    mkdirSync(folder, { recursive: true });
    const file = join(folder, name);
    writeFileSync(file, 'when-done: touch /tmp/x\n');
    chmodSync(file, mode);
    const site = name === 'site.yaml' ? { OCR_PIPELINE_SITE_FILE: file } : {};
    const error = await errorOf(loadSettings(NO_FLAGS, { workingFolder: home, environment: { HOME: home, ...site } }));
    expect(error.code).toBe('CONFIG_NOT_YOURS');
    expect(error.advice.remedy).toContain('chmod');
  });

  it("is heeded where it is a site's, which its staff may write", async () => {
    const home = makeFolder();
    const file = join(home, 'site.yaml');
    writeFileSync(file, 'dpi: 222\n');
    chmodSync(file, 0o664);
    const shell = { workingFolder: home, environment: { HOME: home, OCR_PIPELINE_SITE_FILE: file } };
    expect((await loadSettings(NO_FLAGS, shell)).settings.dpi).toBe(222);
  });

  it('is warned of where others can read a secret in it', async () => {
    const home = makeFolder();
    const file = join(home, '.config', 'ocr-pipeline', 'config.yaml');
    mkdirSync(dirname(file), { recursive: true });
    const shell = { workingFolder: makeFolder(), environment: { HOME: home } };
    const warningsAt = async (yaml: string, mode: number): Promise<readonly string[]> => {
      writeFileSync(file, yaml);
      chmodSync(file, mode);
      return (await loadSettings(NO_FLAGS, shell)).warnings;
    };
    const secret = 'box-client-secret: abcdefghijkl\n';
    expect(await warningsAt(secret, 0o644)).toEqual([
      '~/.config/ocr-pipeline/config.yaml holds a secret (box-client-secret), and others can read it: chmod 600 ~/.config/ocr-pipeline/config.yaml',
    ]);
    expect(await warningsAt(secret, 0o600)).toEqual([]);
    expect(await warningsAt('dpi: 300\n', 0o644)).toEqual([]);
  });

  it('makes nobody trusted', async () => {
    const home = makeFolder();
    const shell = { workingFolder: home, environment: { HOME: home } };
    await trust('/work/ocr-pipeline.yaml', 'output: x\n', shell);
    expect(await isTrusted('/work/ocr-pipeline.yaml', 'output: x\n', shell)).toBe(true);
    const kept = join(home, '.config', 'ocr-pipeline', 'trusted.json');
    expect(statSync(kept).mode & 0o777).toBe(0o600);
    chmodSync(kept, 0o666);
    expect(await isTrusted('/work/ocr-pipeline.yaml', 'output: x\n', shell)).toBe(false);
  });
});
