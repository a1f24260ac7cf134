import { execFile, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { COMPLETIONS } from '../../../src/cli/screens/render-completion.ts';
import { renderManPage } from '../../../src/cli/screens/render-man-page.ts';
import { COMMANDS } from '../../../src/cli/commands.ts';
import { requireTools } from '../../support/requires.ts';
import { makeFolder, runCli } from '../run-cli.ts';
import { HANG_MS } from '../../support/hang.ts';

const shell = promisify(execFile);
const bash = requireTools(['bash']);
const groff = requireTools(['groff']);

/** What bash offers after a line, its last word being completed. */
async function complete(line: string): Promise<string[]> {
  const file = join(makeFolder(), 'completion.bash');
  writeFileSync(file, COMPLETIONS.get('bash')?.() ?? '');
  const script = `source "$0"; COMP_WORDS=(${line}); [ "\${1: -1}" = " " ] && COMP_WORDS+=("")
    COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); COMP_LINE="$1"; COMP_POINT=\${#1}
    compopt() { :; }; _ocr_pipeline; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = await shell('bash', ['--norc', '-c', script, file, line], { cwd: '/', timeout: HANG_MS });
  return stdout.split('\n').filter((word) => word !== '');
}

describe.skipIf(bash.skip)('completion in bash', () => {
  it('finishes commands, and none that is not for people', async () => {
    expect(await complete('ocr-pipeline re')).toEqual(['resume', 'report', 'recognize']);
    expect(await complete('ocr-pipeline ')).toEqual(expect.arrayContaining(['run', 'clean', 'help', '--version']));
    expect(await complete('ocr-pipeline wo')).toEqual([]);
  });

  it('finishes options of the command, and words they take', async () => {
    expect(await complete('ocr-pipeline run --box')).toEqual(
      expect.arrayContaining(['--box-folder', '--box-output-folder']),
    );
    expect(await complete('ocr-pipeline status --box')).toEqual([]);
    expect(await complete('ocr-pipeline run --mode ')).toEqual(['skip', 'redo', 'force']);
    expect(await complete('ocr-pipeline run --mode f')).toEqual(['force']);
    expect(await complete('ocr-pipeline login ')).toEqual(expect.arrayContaining(['box', '--check']));
    expect(await complete('ocr-pipeline run --output /us')).toEqual(['/usr']);
    expect(await complete('ocr-pipeline help exit')).toEqual(['exit-codes']);
  });

  it('is printed by the program, and fits every command', async () => {
    const { code, stdout } = await runCli(['completion', 'bash']);
    expect(code).toBe(0);
    for (const { name, group } of COMMANDS) if (group !== 'hidden') expect(stdout).toContain(`\n    ${name})\n`);
    expect(await runCli(['completion', 'tcsh'])).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('One of: bash, zsh, fish') as string,
    });
  });
});

describe('completion in zsh', () => {
  it('is what zsh can read', async (context) => {
    if (spawnSync('zsh', ['--version']).error) context.skip('zsh is not installed');
    const file = join(makeFolder(), '_ocr-pipeline');
    writeFileSync(file, COMPLETIONS.get('zsh')?.() ?? '');
    await expect(shell('zsh', ['-n', file])).resolves.toMatchObject({ stderr: '' });
  });
});

describe('completion in fish', () => {
  it('offers what fits', async (context) => {
    if (spawnSync('fish', ['--version']).error) context.skip('fish is not installed');
    const file = join(makeFolder(), 'ocr-pipeline.fish');
    writeFileSync(file, COMPLETIONS.get('fish')?.() ?? '');
    const { stdout } = await shell('fish', ['-c', `source ${file}; complete -C 'ocr-pipeline run --mode '`]);
    expect(stdout.split('\n').map((line) => line.split('\t')[0])).toEqual(
      expect.arrayContaining(['skip', 'redo', 'force']),
    );
  });
});

describe.skipIf(groff.skip)('the manual page', () => {
  it('is set by groff without a complaint, with every command and exit code', async () => {
    const file = join(makeFolder(), 'ocr-pipeline.1');
    writeFileSync(file, renderManPage('1.0.0'));
    const { stdout, stderr } = await shell('groff', ['-man', '-Tascii', '-ww', '-P-c', file], { maxBuffer: 1e7 });
    expect(stderr).toBe('');
    // oxlint-disable-next-line no-control-regex -- how a terminal shows bold
    const text = stdout.replaceAll(/.\u0008/g, '');
    for (const { name, group } of COMMANDS)
      if (group !== 'hidden') expect(text).toMatch(new RegExp(`^ +${name}\\b`, 'm'));
    for (const part of ['EXIT STATUS', 'OCR_PIPELINE_LANG', '--box-folder', 'ocr-pipeline run --input ./scans'])
      expect(text).toContain(part);
  });

  it('is printed by the program', async () => {
    expect((await runCli(['man'])).stdout).toMatch(/^\.TH OCR-PIPELINE 1/);
  });
});
