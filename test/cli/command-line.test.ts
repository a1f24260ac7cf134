import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.ts';
import { TOPIC_NAMES } from '../../src/cli/topics.ts';
import { requireThat } from '../support/requires.ts';
import { BIN, cleanEnvironment, makeFolder, PROJECT, runCli } from './run-cli.ts';
import { HANG_MS } from '../support/hang.ts';

const shell = promisify(execFile);

describe('a word that was pasted by mistake', () => {
  const LONG = 'x'.repeat(20_000);

  it.each([
    ['run', `--${LONG}`],
    ['run', '--lang', LONG],
    ['run', '--input', LONG, '--output', 'text'],
    ['run', '--box-folder', LONG],
    ['ls', LONG],
    ['config', 'set', LONG, '1'],
    ['config', 'get', LONG],
    ['completion', LONG],
    ['status', LONG],
    [LONG],
  ])('is not repeated at length, case %#', async (...words) => {
    const { code, stdout, stderr } = await runCli(words);
    expect(code).toBeGreaterThan(0);
    expect((stdout + stderr).length).toBeLessThan(3_000);
  });
});

describe('help and version', () => {
  it('prints the main help on standard output, in 80 columns', async () => {
    const { code, stdout, stderr } = await runCli(['--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('USAGE   ocr-pipeline <command> [options]');
    for (const { name } of COMMANDS.filter(({ group }) => group !== 'hidden')) expect(stdout).toContain(`  ${name}`);
    expect(longLines(stdout)).toEqual([]);
  });

  it('prints the version of package.json', async () => {
    const manifest = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as { version: string };
    expect(await runCli(['--version'])).toMatchObject({ code: 0, stdout: `${manifest.version}\n`, stderr: '' });
  });

  it.each(COMMANDS.map(({ name }) => name))(
    'explains %s in 80 columns, in English, wherever the reader is',
    async (name) => {
      const { code, stdout } = await runCli([name, '--help'], { env: { LANG: 'fr_FR.UTF-8', LC_ALL: 'fr_FR.UTF-8' } });
      expect(code).toBe(0);
      expect(stdout).toContain(`ocr-pipeline ${name}`);
      expect(stdout).not.toMatch(/Commandes|Booléen|défaut/);
      expect(longLines(stdout)).toEqual([]);
    },
  );

  it.each(TOPIC_NAMES)('has a topic %s in 80 columns', async (topic) => {
    const { code, stdout } = await runCli(['help', topic]);
    expect(code).toBe(0);
    expect(stdout.split('\n').length).toBeGreaterThan(5);
    expect(longLines(stdout)).toEqual([]);
  });

  it('without a command prints the help on standard error and 64', async () => {
    const { code, stdout, stderr } = await runCli([]);
    expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
    expect(stderr).toContain('START HERE');
  });

  it('loads no dependency for help, and only what a command needs for others', async () => {
    const hook = join(makeFolder(), 'trace.mjs');
    writeFileSync(
      hook,
      `import { registerHooks } from 'node:module';
       const seen = new Set();
       registerHooks({ resolve(name, context, next) { const found = next(name, context);
         const match = /node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(found.url); if (match) seen.add(match[1]); return found; } });
       process.on('exit', () => process.stderr.write('LOADED ' + [...seen].sort().join(' ') + '\\n'));`,
    );
    const loaded = async (...args: string[]): Promise<string[]> => {
      const { stderr } = await runCli(args, { nodeArgs: ['--import', hook] });
      return (/LOADED (.*)/.exec(stderr)?.[1] ?? 'hook did not run').split(' ').filter(Boolean);
    };
    expect(await loaded('--help')).toEqual([]);
    expect(await loaded('run', '--help')).toEqual([]);
    expect(await loaded('config', 'explain')).toContain('yargs');
    for (const heavy of ['pdfjs-dist', 'sharp', 'tesseract.js', 'box-node-sdk', '@napi-rs/canvas', 'yaml']) {
      expect(await loaded('config', 'explain')).not.toContain(heavy);
    }
  });
});

describe('wrong command lines', () => {
  const cases: readonly [title: string, args: string[], first: RegExp, more: RegExp | undefined][] = [
    [
      'an unknown command',
      ['rnu'],
      /^There is no command called "rnu"\. \[UNKNOWN_COMMAND\] +\(64\)/,
      /Did you mean ocr-pipeline run\?/,
    ],
    ['a topic as command', ['exit-code'], /UNKNOWN_COMMAND/, /Did you mean ocr-pipeline help exit-codes\?/],
    [
      'an option before the command',
      ['--input', 'x'],
      /^The command comes first.*NO_COMMAND/,
      /ocr-pipeline run --input/,
    ],
    [
      'an unknown option',
      ['run', '--ouput', 'x'],
      /^There is no option called "--ouput" here\. \[UNKNOWN_FLAG\]/,
      /Did you mean --output\?/,
    ],
    ['an unknown short option', ['run', '-x'], /"-x".*UNKNOWN_FLAG/, undefined],
    ['an option of another command', ['status', '--dpi', '300'], /"--dpi".*UNKNOWN_FLAG/, undefined],
    ['camel case', ['run', '--workDir', 'x'], /"--workDir".*UNKNOWN_FLAG/, /--work-dir/],
    [
      'words for a number',
      ['run', '--dpi', 'abc'],
      /^--dpi needs a whole number from 72 to 1200, not "abc"\. \[BAD_VALUE\]/,
      undefined,
    ],
    ['a number out of range', ['run', '--dpi', '20000'], /72 to 1200, not "20000".*BAD_VALUE/s, undefined],
    ['a negative number', ['run', '--jobs', '-3'], /not "-3".*BAD_VALUE/s, undefined],
    ['a fraction', ['run', '--jobs', '1.5'], /not "1\.5".*BAD_VALUE/s, undefined],
    ['a misspelt word', ['run', '--mode', 'forse'], /skip, redo, force, not "forse"/, /Did you mean force\?/],
    ['an unknown format', ['run', '--formats', 'txt,docx'], /not "docx"/, undefined],
    ['a missing value', ['run', '--lang'], /^--lang needs a value: Tesseract language codes/, undefined],
    ['a missing value before another option', ['run', '--lang', '--dpi', '300'], /^--lang needs a value/, undefined],
    ['an empty value', ['run', '--output='], /^--output needs a value/, undefined],
    ['an option given twice', ['run', '--lang', 'eng', '--lang', 'deu'], /^--lang was given 2 times/, undefined],
    ['a value for a switch', ['run', '--dry-run=maybe'], /^--dry-run takes no value/, undefined],
    ['the "no" of an option with a value', ['run', '--no-dpi'], /"--no-dpi"/, undefined],
    ['files without --input', ['run', 'book.pdf'], /^"book\.pdf" was not expected/, /--input "book\.pdf"/],
    ['no input', ['run', '--output', 'x'], /--input or --box-folder is missing/, /Add --input/],
    ['no output', ['run', '--input', 'x'], /--output is missing/, /Add --output/],
    [
      'a bad page list',
      ['rasterize', 'a.pdf', '--output', 'x', '--pages', '5-1'],
      /page numbers such as 1-5,8/,
      undefined,
    ],
    [
      'an endless page list',
      ['rasterize', 'a.pdf', '--output', 'x', '--pages', '1-999999'],
      /page numbers such as/,
      undefined,
    ],
    ['a bad language', ['run', '--lang', 'deu, frk'], /language codes joined by \+/, /Did you mean deu\+frk\?/],
    ['languages with a comma', ['run', '--lang=eng,deu'], /joined by \+/, /Did you mean eng\+deu\?/],
    ['languages with a space', ['run', '--lang', 'eng', 'deu', '-i', 'x'], /^"deu" was not/, /--lang eng\+deu/],
    ['three of them', ['run', '-l', 'eng', 'deu', 'frk'], /^"deu" was not/, /--lang eng\+deu\+frk/],
    ['--language', ['run', '--language', 'eng'], /"--language".*UNKNOWN_FLAG/, /Did you mean --lang\?/],
    ['--pages', ['run', '--pages', '1-3'], /"--pages".*UNKNOWN_FLAG/, /recognize FILE\.pdf --pages 1-5/],
    ['the names of OCRmyPDF', ['run', '--force-ocr'], /UNKNOWN_FLAG/, /--mode force/],
    ['a long dash', ['run', '–input', 'x'], /^"–input" begins with a long dash/, /Type hyphens: --input/],
    ['two long dashes', ['plan', '——output=x'], /long dash/, /--output/],
    ['a long dash and a letter', ['run', '–i', 'x'], /long dash/, /Type hyphens: -i\b/],
    ['one hyphen', ['run', '-input', 'x'], /one hyphen/, /Type --input/],
    ['curly quotes', ['run', '--input', '“My', 'Scans”'], /quotation marks in “My/, /straight ones: "My \.\.\."/],
    ['German quotes', ['run', '--box-folder=„box:Scans“'], /quotation marks/, /straight ones: "box:Scans"/],
    ['a space without quotes', ['run', '-i', 'x', '-o', 'My', 'Text'], /^"Text" was not/, /--output "My Text"/],
    ['a Box folder without its option', ['run', 'box:Scans'], /^"box:Scans" was not/, /--box-folder "box:Scans"/],
    ['a Box folder as input', ['run', '-i', 'box:A', '-o', 'x'], /WRONG_PLACE/, /--box-folder "box:A"/],
    ['a Box path without "box:"', ['run', '--box-folder', 'A/B'], /"A\/B" does not name/, /"box:A\/B"/],
    ['a Windows path', ['run', '-i', 'C:\\Scans', '-o', 'x'], /is a path of Windows/, /\/mnt\/c\/Scans/],
    ['an unknown check', ['doctor', 'tesserakt'], /UNKNOWN_CHECK/, /Did you mean tesseract\?/],
  ];
  it.each(cases)('%s: error first, then the hint, exit 64', async (_, args, first, more) => {
    const { code, stdout, stderr } = await runCli(args);
    expect(stderr).toMatch(first);
    expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
    expect(stderr).toContain('\nUsage: ocr-pipeline ');
    expect(stderr.indexOf('Usage:')).toBeGreaterThan(stderr.indexOf(']'));
    expect(stderr).toMatch(more ?? first);
    expect(longLines(stderr)).toEqual([]);
  });
});

describe('settings from everywhere', () => {
  it('prefers flag, environment, project, user, site, default, and tells which', async () => {
    const cwd = makeFolder();
    const home = makeFolder();
    const site = join(makeFolder(), 'site.yaml');
    mkdirSync(join(home, '.config', 'ocr-pipeline'), { recursive: true });
    writeFileSync(site, 'dpi: 100\nlang: fra\nmode: redo\njobs: 3\nformats: [hocr]\nwork-dir: /scratch/$USER/runs\n');
    writeFileSync(
      join(home, '.config', 'ocr-pipeline', 'config.yaml'),
      '# mine\ndpi: 200\nlang: deu\nmode: force\njobs: 2\n',
    );
    writeFileSync(join(cwd, 'ocr-pipeline.yaml'), 'dpi: 400\nlang: lat\noutput: results\n');
    const env = {
      HOME: home,
      OCR_PIPELINE_SITE_FILE: site,
      OCR_PIPELINE_LANG: 'ita',
      OCR_PIPELINE_DPI: '500',
      OCR_PIPELINE_MODE: '',
      USER: 'ada',
    };
    const { code, stdout } = await runCli(['config', 'explain', '--json', '--dpi', '600'], { cwd, env });
    expect(code).toBe(0);
    const all = JSON.parse(stdout) as Record<string, { value: unknown; from: string }>;
    expect(all['dpi']).toEqual({ value: 600, from: '--dpi' });
    expect(all['lang']).toEqual({ value: 'ita', from: 'OCR_PIPELINE_LANG' });
    expect(all['output']).toEqual({ value: join(cwd, 'results'), from: './ocr-pipeline.yaml line 3 (output)' });
    expect(all['mode']).toEqual({ value: 'force', from: '~/.config/ocr-pipeline/config.yaml line 4 (mode)' });
    expect(all['formats']).toEqual({ value: ['hocr'], from: `${site} line 5 (formats)` });
    expect(all['work-dir']).toEqual({ value: '/scratch/ada/runs', from: `${site} line 6 (work-dir)` });
    expect(all['engine']).toEqual({ value: 'auto', from: 'default' });
  });

  it('names file and line of a key it does not know, with 78', async () => {
    const cwd = makeFolder();
    writeFileSync(join(cwd, 'ocr-pipeline.yaml'), 'dpi: 400\nlanguage: deu\nlagn: deu\n');
    const { code, stderr } = await runCli(['config', 'explain'], { cwd });
    expect(code).toBe(78);
    expect(stderr).toMatch(/^\.\/ocr-pipeline\.yaml line 2 \(language\): there is no setting called "language"\./);
  });

  it('sets, reads and takes out a setting, keeping comments', async () => {
    const home = makeFolder();
    const file = join(home, '.config', 'ocr-pipeline', 'config.yaml');
    const env = { HOME: home };
    expect(await runCli(['config', 'set', 'lang', 'deu+frk'], { env })).toMatchObject({ code: 0, stdout: '' });
    writeFileSync(file, `# the German ones\n\n${readFileSync(file, 'utf8')}`);
    expect(await runCli(['config', 'set', 'formats', 'txt,alto'], { env })).toMatchObject({ code: 0 });
    expect(await runCli(['config', 'get', 'lang'], { env })).toMatchObject({ code: 0, stdout: 'deu+frk\n' });
    expect(await runCli(['config', 'get', 'formats'], { env })).toMatchObject({ stdout: 'txt,alto\n' });
    expect(await runCli(['config', 'unset', 'lang'], { env })).toMatchObject({ code: 0 });
    expect(await runCli(['config', 'get', 'lang'], { env })).toMatchObject({ stdout: 'eng\n' });
    expect(readFileSync(file, 'utf8')).toContain('# the German ones');
  });

  it('knows a language by its name, and says its code', async () => {
    const env = { HOME: makeFolder() };
    for (const [name, code] of [
      ['german', 'deu'],
      ['English', 'eng'],
      ['de', 'deu'],
      ['eng+german', 'eng+deu'],
    ] as const) {
      const { code: exit, stderr } = await runCli(['config', 'set', 'lang', name], { env });
      expect(exit).toBe(78);
      expect(stderr).toContain('[LANG_UNKNOWN]');
      expect(stderr).toContain(`ocr-pipeline config set lang ${code}`);
    }
    expect(existsSync(join(env.HOME, '.config'))).toBe(false);
    // A model of one's own, which may lie on another computer.
    const { code, stderr } = await runCli(['config', 'set', 'lang', 'frak2021'], { env });
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('"frak2021" here') as string });
  });

  it('refuses to set what it could not read', async () => {
    const env = { HOME: makeFolder() };
    expect(await runCli(['config', 'set', 'dpi', 'many'], { env })).toMatchObject({ code: 78 });
    expect(await runCli(['config', 'set', 'dip', '300'], { env })).toMatchObject({
      code: 78,
      stderr: expect.stringContaining('Did you mean dpi?') as string,
    });
    expect(existsSync(join(env.HOME, '.config'))).toBe(false);
  });

  it('warns of a variable of ours that is none, and is not troubled by others', async () => {
    const { code, stderr } = await runCli(['config', 'get', 'dpi'], {
      env: { OCR_PIPELINE_LAGN: 'deu', DPI: 'abc', LANGUAGE: 'de' },
    });
    expect(code).toBe(0);
    expect(stderr).toBe('warn: OCR_PIPELINE_LAGN is no setting of this program; did you mean OCR_PIPELINE_LANG?\n');
  });

  it('does not run a command at the end that a project file names', async () => {
    const cwd = makeFolder();
    writeFileSync(join(cwd, 'ocr-pipeline.yaml'), 'when-done: touch evil\n');
    const { code, stderr } = await runCli(['run', '--input', 'x', '--output', 'y'], { cwd });
    expect(code).toBe(78);
    expect(stderr).toContain('[CONFIG_NOT_HERE]');
    expect(existsSync(join(cwd, 'evil'))).toBe(false);
    expect(await runCli(['config', 'set', 'when-done', 'x', '--project'], { cwd })).toMatchObject({ code: 64 });
  });

  it('does not run a program that a project file names', async () => {
    const cwd = makeFolder();
    writeFileSync(join(cwd, 'ocr-pipeline.yaml'), 'tesseract: ./evil.sh\n');
    const { code, stderr } = await runCli(['config', 'explain'], { cwd });
    expect(code).toBe(78);
    expect(stderr).toContain('[CONFIG_NOT_HERE]');
  });
});

describe('output that cannot be delivered', () => {
  it('does not mind a reader that has enough', async () => {
    const home = makeFolder();
    const { stdout } = await shell(
      'bash',
      [
        '-c',
        `set -o pipefail; "$0" "$1" help environment | head -1; echo "codes \${PIPESTATUS[*]}"`,
        process.execPath,
        BIN,
      ],
      {
        env: cleanEnvironment(home),
        cwd: home,
        timeout: HANG_MS,
      },
    );
    expect(stdout).toBe('ENVIRONMENT\ncodes 0 0\n');
  });

  it('survives a reader that was gone before the first byte', async () => {
    const home = makeFolder();
    const { stdout } = await shell(
      'bash',
      ['-c', `"$0" "$1" config explain --json 2>&1 > >(exec true) ; echo "code $?"`, process.execPath, BIN],
      {
        env: cleanEnvironment(home),
        cwd: home,
        timeout: HANG_MS,
      },
    );
    expect(stdout).toBe('code 0\n');
  });

  it.skipIf(requireThat(existsSync('/dev/full'), 'this system has no /dev/full').skip)(
    'says when the result could not be written',
    async () => {
      const home = makeFolder();
      const { stdout } = await shell(
        'bash',
        ['-c', `"$0" "$1" help json 2>&1 >/dev/full; echo "code $?"`, process.execPath, BIN],
        {
          env: cleanEnvironment(home),
          cwd: home,
          timeout: HANG_MS,
        },
      );
      expect(stdout).toMatch(
        /could not be written to standard output: no room is left on the disk \(ENOSPC\)\. \[STDOUT_FAILED\] \(74\)\ncode 74\n$/,
      );
    },
  );
});

function longLines(text: string): string[] {
  return text.split('\n').filter((line) => line.length > 80);
}
