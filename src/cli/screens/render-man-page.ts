import { environmentName, SETTING_NAMES, SETTINGS } from '../../core/config/settings-table.ts';
import { COMMANDS } from '../commands.ts';
import { optionsOf } from '../parse-arguments.ts';
import { EXIT_MEANINGS } from '../topics/exit-codes.ts';

/** The manual page for man(1), made from the table of commands and that of settings. */
export function renderManPage(version: string): string {
  const commands = COMMANDS.filter(({ group, name }) => group !== 'hidden' || name === 'help');
  const lines = [
    `.TH OCR-PIPELINE 1 "" "ocr-pipeline ${version}" "User Commands"`,
    '.SH NAME',
    'ocr-pipeline \\- scanned PDFs on Box in, ordered searchable text out',
    '.SH SYNOPSIS',
    '.B ocr-pipeline',
    '.I command',
    '[options]',
    '.SH DESCRIPTION',
    'Turns folders of scanned PDFs, in Box or on this computer, into text that can be searched: for each document a plain',
    'text file with its pages in order, and the same PDF with an invisible text layer.',
    '.SH COMMANDS',
  ];
  for (const command of commands) {
    lines.push(`.SS ${roff(`${command.name} ${command.usage}`)}`, roff(command.summary.replace(/ {2,}\(.*$/, '.')));
    for (const { name, alias, kind, help } of optionsOf(command)) {
      const written = `${alias === undefined ? '' : `-${alias}, `}--${name}`;
      const value = kind.form === 'switch' ? '' : ` ${kind.placeholder}`;
      lines.push('.TP', `.B ${roff(written)}${value === '' ? '' : `\\fR${roff(value)}`}`, roff(help));
    }
    if (command.examples.length > 0) {
      lines.push('.PP', 'Examples:', '.nf', ...command.examples.map((example) => `    ${roff(example)}`), '.fi');
    }
  }
  lines.push('.SH EXIT STATUS');
  for (const [code, meaning, next] of EXIT_MEANINGS)
    lines.push('.TP', `.B ${code}`, roff(next === '' ? meaning : `${meaning} (${next})`));
  lines.push('.SH ENVIRONMENT');
  for (const name of SETTING_NAMES)
    lines.push('.TP', `.B ${environmentName(SETTINGS[name])}`, roff(SETTINGS[name].help));
  lines.push(
    '.SH FILES',
    '.TP',
    '.I ./ocr-pipeline.yaml',
    "A project's settings.",
    '.TP',
    '.I ~/.config/ocr-pipeline/config.yaml',
    'Your own settings.',
    '.TP',
    '.I ~/ocr-runs',
    'Run folders, unless another work folder is set.',
  );
  return lines.join('\n');
}

/** Text as roff has it: backslashes and hyphens as they are, no line that begins a request. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll(/^([.'])/gm, '\\&$1');
}
