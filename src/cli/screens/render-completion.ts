import { COMMANDS, type Command } from '../commands.ts';
import { optionsOf } from '../parse-arguments.ts';
import { TOPIC_NAMES } from '../topics.ts';

/** Commands that people see. */
const VISIBLE = COMMANDS.filter(({ group, name }) => group !== 'hidden' || name === 'help');

/** Words that may follow a command, where there are few. */
const FOLLOWING: Readonly<Record<string, readonly string[]>> = {
  login: ['box'],
  logout: ['box'],
  config: ['explain', 'get', 'set', 'unset', 'path'],
  completion: ['bash', 'zsh', 'fish'],
  help: [...VISIBLE.map(({ name }) => name), ...TOPIC_NAMES],
};

interface CompletedOption {
  readonly word: string;
  readonly alias: string | undefined;
  /** `file`, `folder`, words to choose from, `value` for anything else, none for a switch. */
  readonly value: 'file' | 'folder' | 'value' | 'none' | readonly string[];
  readonly help: string;
}

function completedOptions(command: Command): readonly CompletedOption[] {
  return optionsOf(command).map(({ name, alias, kind, help }) => ({
    word: `--${name}`,
    alias: alias === undefined ? undefined : `-${alias}`,
    value:
      kind.form === 'switch'
        ? 'none'
        : kind.placeholder === 'FOLDER' && kind.isPath
          ? 'folder'
          : kind.isPath
            ? 'file'
            : kind.placeholder.includes('|')
              ? kind.placeholder.split('|')
              : 'value',
    help,
  }));
}

/** The scripts by the shell they are for; each is made from the table of commands. */
export const COMPLETIONS: ReadonlyMap<string, () => string> = new Map([
  ['bash', renderBash],
  ['zsh', renderZsh],
  ['fish', renderFish],
]);

function renderBash(): string {
  const cases = VISIBLE.map((command) => {
    const options = completedOptions(command);
    const words = [...(FOLLOWING[command.name] ?? []), ...options.map(({ word }) => word)];
    const values = options.flatMap(({ word, alias, value }) => {
      const pattern = alias === undefined ? word : `${word}|${alias}`;
      if (value === 'none') return [];
      if (value === 'folder')
        return [`        ${pattern}) COMPREPLY=($(compgen -d -- "$cur")); compopt -o filenames; return;;`];
      if (value === 'file')
        return [`        ${pattern}) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return;;`];
      if (value === 'value') return [`        ${pattern}) return;;`];
      return [`        ${pattern}) COMPREPLY=($(compgen -W '${value.join(' ')}' -- "$cur")); return;;`];
    });
    return [
      `    ${command.name})`,
      ...(values.length > 0 ? ['      case "$prev" in', ...values, '      esac'] : []),
      `      words='${words.join(' ')}';;`,
    ].join('\n');
  });
  return `# Completion of ocr-pipeline for bash. In ~/.bashrc:  source <(ocr-pipeline completion bash)
_ocr_pipeline() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} words=
  local IFS=$' \\t\\n'
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${VISIBLE.map(({ name }) => name).join(' ')} --help --version' -- "$cur"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
  # What is no option may be a file.
  if [ \${#COMPREPLY[@]} -eq 0 ] && [ "\${cur#-}" = "$cur" ]; then
    local IFS=$'\\n'
    COMPREPLY=($(compgen -f -- "$cur"))
    compopt -o filenames 2>/dev/null
  fi
}
complete -F _ocr_pipeline ocr-pipeline`;
}

/** Text inside single quotes and, for zsh, inside square brackets. */
function zshText(text: string): string {
  return text.replaceAll("'", String.raw`'\''`).replaceAll(/[[\]:]/g, String.raw`\$&`);
}

function renderZsh(): string {
  const cases = VISIBLE.map((command) => {
    const specs = completedOptions(command).map(({ word, value, help }) => {
      const action =
        value === 'none'
          ? ''
          : value === 'folder'
            ? ':folder:_files -/'
            : value === 'file'
              ? ':file:_files'
              : value === 'value'
                ? ':value: '
                : `:word:(${value.join(' ')})`;
      return `        '${word}[${zshText(help)}]${action}'`;
    });
    const following = FOLLOWING[command.name];
    const rest = following === undefined ? `        '*:file:_files'` : `        '*:word:(${following.join(' ')})'`;
    return [
      `    ${command.name})`,
      '      _arguments \\',
      ...[...specs, rest].map((spec, index, all) => (index < all.length - 1 ? `${spec} \\` : `${spec};;`)),
    ].join('\n');
  });
  return `#compdef ocr-pipeline
# Completion of ocr-pipeline for zsh. In ~/.zshrc, after compinit:  source <(ocr-pipeline completion zsh)
_ocr_pipeline() {
  if (( CURRENT == 2 )); then
    local -a commands
    commands=(
${VISIBLE.map(
  ({ name, summary }) =>
    `      '${name}:${summary
      .replace(/ {2,}\(.*$/, '')
      .replaceAll("'", String.raw`'\''`)
      .replaceAll(':', String.raw`\:`)}'`,
).join('\n')}
    )
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${cases.join('\n')}
  esac
}
compdef _ocr_pipeline ocr-pipeline`;
}

function fishText(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`)}'`;
}

function renderFish(): string {
  const lines = [
    '# Completion of ocr-pipeline for fish:  ocr-pipeline completion fish > ~/.config/fish/completions/ocr-pipeline.fish',
    'complete -c ocr-pipeline -f',
  ];
  for (const { name, summary } of VISIBLE)
    lines.push(
      `complete -c ocr-pipeline -n __fish_use_subcommand -a ${name} -d ${fishText(summary.replace(/ {2,}\(.*$/, ''))}`,
    );
  for (const command of VISIBLE) {
    const when = `-n '__fish_seen_subcommand_from ${command.name}'`;
    for (const word of FOLLOWING[command.name] ?? []) lines.push(`complete -c ocr-pipeline ${when} -a ${word}`);
    for (const { word, alias, value, help } of completedOptions(command)) {
      const short = alias === undefined ? '' : ` -s ${alias.slice(1)}`;
      const argument =
        value === 'none'
          ? ''
          : value === 'folder'
            ? " -x -a '(__fish_complete_directories)'"
            : value === 'file'
              ? ' -r -F'
              : value === 'value'
                ? ' -x'
                : ` -x -a '${value.join(' ')}'`;
      lines.push(`complete -c ocr-pipeline ${when} -l ${word.slice(2)}${short}${argument} -d ${fishText(help)}`);
    }
  }
  return lines.join('\n');
}
