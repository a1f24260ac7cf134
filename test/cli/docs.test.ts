import { readFileSync, writeFileSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { defaultOf } from '../../src/cli/screens/render-help.ts';
import { EXIT_MEANINGS } from '../../src/cli/topics/exit-codes.ts';
import { environmentName, SETTING_GROUPS, SETTING_NAMES, SETTINGS } from '../../src/core/config/settings-table.ts';
import { errorFromRecord, type ErrorFamily } from '../../src/core/errors.ts';
import { PROJECT } from './run-cli.ts';

const EXIT_CODES = readFileSync(join(PROJECT, 'docs', 'exit-codes.md'), 'utf8');

/** Every error the source raises by a literal code. */
async function raisedErrors(): Promise<
  readonly { readonly family: ErrorFamily; readonly code: string; readonly file: string }[]
> {
  const found: { family: ErrorFamily; code: string; file: string }[] = [];
  const source = join(PROJECT, 'src');
  for await (const file of glob('**/*.ts', { cwd: source })) {
    const text = readFileSync(join(source, file), 'utf8');
    for (const match of text.matchAll(/new (\w+Error)\(\s*'([A-Z][A-Z0-9_]+)'/g)) {
      found.push({ family: match[1] as ErrorFamily, code: match[2] ?? '', file });
    }
  }
  return found;
}

/** The codes of docs/exit-codes.md by the exit code of their section. */
function documentedCodes(): ReadonlyMap<number, readonly string[]> {
  const sections = EXIT_CODES.split(/^### /m).slice(1);
  return new Map(
    sections.map((section) => {
      const exit = Number(/\((\d+)\)/.exec(section)?.[1]);
      const codes = [...section.matchAll(/^\| ([A-Z_, ]+) \|/gm)].flatMap((match) => (match[1] ?? '').split(', '));
      return [exit, codes];
    }),
  );
}

describe('docs/exit-codes.md', () => {
  it('has every exit code with the words of the help', () => {
    for (const [code, meaning] of EXIT_MEANINGS) expect(EXIT_CODES).toContain(`| ${code} | ${meaning} |`);
  });

  it('explains every code the program can end with, under its exit code', async () => {
    const documented = documentedCodes();
    const errors = await raisedErrors();
    expect(errors.length).toBeGreaterThan(40);
    const missing = errors.filter(({ family, code }) => {
      const { exitCode } = errorFromRecord({ family, code, message: '' });
      return !documented.get(exitCode)?.includes(code);
    });
    expect(missing).toEqual([]);
  });
});

const MARK = /(<!-- settings -->\n)[^]*(<!-- end of settings -->)/;

/** The table of settings, as the documentation has it. */
function settingsTable(): string {
  const lines: string[] = [];
  for (const group of SETTING_GROUPS) {
    lines.push(`**${group}**`, '', '| Setting | What it is | Value | Default |', '|---|---|---|---|');
    for (const name of SETTING_NAMES) {
      const setting = SETTINGS[name];
      if (setting.group !== group) continue;
      const switchOff = setting.kind.form === 'switch' && setting.defaultValue === true ? 'no-' : '';
      const flag = setting.flagless
        ? ''
        : `\`--${switchOff}${setting.flag}\`${setting.alias === undefined ? '' : `, \`-${setting.alias}\``}<br>`;
      const cell = (text: string): string => text.replaceAll('|', String.raw`\|`).replaceAll('**', String.raw`\*\*`);
      lines.push(
        `| \`${setting.key}\`<br>${flag}\`${environmentName(setting)}\` | ${cell(setting.help)} | ${cell(setting.kind.expects)} | ${cell(defaultOf(setting) || 'none')} |`,
      );
    }
    lines.push('');
  }
  return lines.join('\n');
}

describe('docs/configuration.md', () => {
  it('has the table of settings as the program has it (UPDATE_DOCS=1 writes it)', () => {
    const file = join(PROJECT, 'docs', 'configuration.md');
    const text = readFileSync(file, 'utf8');
    const expected = text.replace(MARK, (_, begin: string, end: string) => `${begin}\n${settingsTable()}\n${end}`);
    expect(text).toMatch(MARK);
    if (process.env['UPDATE_DOCS'] === '1') writeFileSync(file, expected);
    expect(readFileSync(file, 'utf8')).toBe(expected);
  });
});
