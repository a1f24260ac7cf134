import { SETTING_GROUPS, SETTINGS, type Setting } from '../../core/config/settings-table.ts';
import { COMMANDS, COMMON_FLAGS, COMMON_SETTINGS, type Command } from '../commands.ts';
import { padEnd, wrap } from './display-text.ts';
import { FLAGS } from '../flags.ts';
import { TOPIC_NAMES } from '../topics.ts';
import type { TypedCommands } from '../typed-commands.ts';

const WIDTH = 80;
const NAME_COLUMN = 20;
const OPTION_COLUMN = 26;

/** What `ocr-pipeline --help` prints. */
export function renderMainHelp(version: string, typed: TypedCommands): string {
  const lines = [
    `ocr-pipeline ${version} - scanned PDFs on Box in, ordered searchable text out`,
    '',
    'USAGE   ocr-pipeline <command> [options]',
  ];
  for (const group of ['START HERE', 'DO THE WORK', 'READ THE RESULT', 'ONE STEP AT A TIME'] as const) {
    lines.push('', group);
    for (const command of COMMANDS) {
      if (command.group === group) lines.push(...row(`  ${nameWithSubject(command)}`, command.summary, NAME_COLUMN));
    }
  }
  lines.push(
    '',
    'EXAMPLES',
    '  ocr-pipeline run --box-folder 163928374651 --lang deu+frk',
    '  ocr-pipeline run --box-folder "box:Scans/Marduk" --executor slurm',
    '  ocr-pipeline run --input ./scans --output ./text',
    '',
    "Flags beat environment, then ./ocr-pipeline.yaml, then yours, then the site's.",
    'Tab key:  ocr-pipeline completion --help',
    'Man page: ocr-pipeline man --help',
    `Topics: ${TOPIC_NAMES.join(' ')}    (help <topic>)`,
    'Options of a command: ocr-pipeline <command> --help',
  );
  return typed(lines.join('\n'));
}

function nameWithSubject(command: Command): string {
  const [subject] = /^(?:\[(?:run|folder)\]|box\b)/.exec(command.usage) ?? [];
  return subject === undefined ? command.name : `${command.name} ${subject}`;
}

/** What `ocr-pipeline <command> --help` prints. */
export function renderCommandHelp(command: Command, typed: TypedCommands): string {
  const lines = [command.summary.replace(/ {2,}\(.*$/, ''), '', ...row('USAGE', typed(usageLine(command)), 8)];
  const settings = [...command.settings, ...COMMON_SETTINGS].map((name) => SETTINGS[name]);
  for (const group of SETTING_GROUPS) {
    const members = settings.filter((setting) => setting.group === group);
    if (members.length === 0) continue;
    lines.push('', group.toUpperCase());
    for (const setting of members) lines.push(...settingRows(setting));
  }
  lines.push('', 'OTHER');
  for (const name of [...command.flags, ...COMMON_FLAGS]) {
    const { alias, kind, help } = FLAGS[name];
    lines.push(...row(optionName(name, alias, kind.form === 'switch' ? '' : kind.placeholder), help, OPTION_COLUMN));
  }
  if (command.examples.length > 0)
    lines.push('', 'EXAMPLES', ...command.examples.map((example) => `  ${typed(example)}`));
  lines.push('', typed('Exit codes: ocr-pipeline help exit-codes'));
  return lines.join('\n');
}

/** `ocr-pipeline run --input PATH... --output FOLDER [options]` */
export function usageLine(command: Command): string {
  return `ocr-pipeline ${command.name} ${command.usage}`.trimEnd();
}

function settingRows(setting: Setting<unknown>): string[] {
  const { kind, flag, alias, help } = setting;
  const isOnByDefault = kind.form === 'switch' && setting.defaultValue === true;
  const choices = kind.placeholder.includes('|') ? `: ${kind.placeholder.replaceAll('|', ', ')}` : '';
  const placeholder = choices ? 'WORD' : kind.placeholder;
  const shown = isOnByDefault ? optionName(`no-${flag}`, undefined, '') : optionName(flag, alias, placeholder);
  const usual = isOnByDefault ? '' : defaultOf(setting);
  const text = isOnByDefault ? (setting.offHelp ?? help) : `${help}${choices}`;
  return row(shown, `${text}${usual === '' ? '' : ` [${usual}]`}`, OPTION_COLUMN);
}

/** The default as people read it; empty where there is none. */
export function defaultOf(setting: Setting<unknown>): string {
  if (setting.defaultText !== undefined) return setting.defaultText;
  return setting.defaultValue === undefined ? '' : setting.kind.show(setting.defaultValue);
}

function optionName(name: string, alias: string | undefined, placeholder: string): string {
  return `  ${alias === undefined ? '   ' : `-${alias},`} --${name} ${placeholder}`.trimEnd();
}

function row(name: string, text: string, column: number): string[] {
  const lines = wrap(text, WIDTH - column);
  const fits = name.length < column;
  const rest = (fits ? lines.slice(1) : lines).map((line) => ' '.repeat(column) + line);
  return fits ? [padEnd(name, column) + (lines[0] ?? ''), ...rest] : [name, ...rest];
}
