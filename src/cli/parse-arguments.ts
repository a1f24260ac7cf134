import { quoteValue } from '../core/quote-value.ts';
import { SETTINGS, type SettingName } from '../core/config/settings-table.ts';
import type { Kind } from '../core/config/kinds.ts';
import type { RawValue } from '../core/config/resolve-settings.ts';
import { UsageError } from '../core/errors.ts';
import { adviseOnExtra, adviseOnUnknown, findSpoiltWord, type KnownOption } from './explain-words.ts';
import { COMMON_FLAGS, COMMON_SETTINGS, type Command } from './commands.ts';
import { FLAGS, type FlagName, type FlagValues } from './flags.ts';

/** A command line that fits its command. Settings are still text: other sources of them are read alike. */
export interface ParsedArguments {
  readonly positionals: readonly string[];
  readonly settings: ReadonlyMap<SettingName, RawValue>;
  readonly flags: FlagValues;
}

/** An option as it may be written. */
interface Option {
  /** Without dashes. */
  readonly name: string;
  readonly help: string;
  readonly alias: string | undefined;
  readonly kind: Kind<unknown>;
  readonly target: { readonly setting: SettingName } | { readonly flag: FlagName };
}

/** The options a command takes, in the order of its help. */
export function optionsOf(command: Command): readonly Option[] {
  const settings = [...command.settings, ...COMMON_SETTINGS].map((setting) => {
    const { flag, alias, kind, help } = SETTINGS[setting];
    return { name: flag, help, alias, kind, target: { setting } };
  });
  const flags = [...command.flags, ...COMMON_FLAGS].map((flag) => {
    const { alias, kind, help } = FLAGS[flag];
    return { name: flag, help, alias, kind, target: { flag } };
  });
  return [...settings, ...flags];
}

/**
 * Reads the words after a command's name.
 * @throws {UsageError} `UNKNOWN_FLAG`, `MISSING_VALUE`, `REPEATED_FLAG`, `BAD_VALUE`, `UNEXPECTED_ARGUMENT`,
 *   `MISSING_ARGUMENT`.
 */
export async function parseArguments(
  command: Command,
  args: readonly string[],
  exists: (word: string) => boolean,
): Promise<ParsedArguments> {
  const options = optionsOf(command);
  const known = new Map(options.map((option) => [option.name, option]));
  const knownOptions = options.map(({ name, alias, kind: { form } }) => ({ name, alias, form }));
  const spoilt = findSpoiltWord(args, knownOptions, exists);
  if (spoilt) throw new UsageError(spoilt.code, spoilt.message, spoilt.advice);
  const parsed = await splitWords(args, options);
  const settings = new Map<SettingName, RawValue>();
  const flags: Partial<Record<FlagName, unknown>> = {};
  for (const [name, value] of Object.entries(parsed.options)) {
    const option = known.get(name);
    if (option === undefined) throw unknownFlag(name, knownOptions);
    const raw = { texts: textsOf(option, value), where: `--${option.name}` };
    if ('setting' in option.target) settings.set(option.target.setting, raw);
    else flags[option.target.flag] = readFlag(option, raw);
  }
  checkPositionals(command, parsed.positionals, args, knownOptions);
  // Each flag was read by its own kind.
  return { positionals: parsed.positionals, settings, flags: flags as FlagValues };
}

interface SplitWords {
  readonly positionals: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
}

async function splitWords(args: readonly string[], options: readonly Option[]): Promise<SplitWords> {
  rejectSwitchValues(args, options);
  const { default: yargs } = await import('yargs');
  const parser = yargs([...args])
    .help(false)
    .version(false)
    .exitProcess(false)
    .locale('en')
    .fail((message, error) => {
      throw error ?? new UsageError('USAGE', `${message}.`);
    })
    // Everything is text here, and nothing is guessed: a folder ID of twelve digits stays what it is.
    .parserConfiguration({
      'camel-case-expansion': false,
      'dot-notation': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'duplicate-arguments-array': true,
      'greedy-arrays': true,
      'boolean-negation': true,
      'strip-aliased': true,
    });
  for (const { name, alias, kind } of options) {
    const type = kind.form === 'switch' ? 'boolean' : kind.form === 'list' ? 'array' : 'string';
    parser.option(name, { type, ...(type === 'array' ? { string: true } : {}), ...(alias ? { alias } : {}) });
  }
  const { _: positionals, $0: _program, ...given } = await parser.parseAsync();
  const present = Object.entries(given).filter(([, value]) => value !== undefined);
  return { positionals: positionals.map(String), options: Object.fromEntries(present) };
}

/** `--recursive=maybe` would silently be false. */
function rejectSwitchValues(args: readonly string[], options: readonly Option[]): void {
  const end = args.indexOf('--');
  for (const word of end < 0 ? args : args.slice(0, end)) {
    const name = /^--(?:no-)?([^=]+)=/.exec(word)?.[1];
    if (options.some((option) => option.name === name && option.kind.form === 'switch')) {
      throw new UsageError('BAD_VALUE', `--${name} takes no value.`, {
        safe: 'Nothing was started.',
        remedy: `--${name} or --no-${name}`,
      });
    }
  }
}

function textsOf(option: Option, value: unknown): readonly string[] {
  if (option.kind.form === 'switch') return [String(value === true || (Array.isArray(value) && value.at(-1) === true))];
  // "--no-dpi" is read as dpi being false.
  if (value === false) throw unknownFlag(`no-${option.name}`, []);
  const texts = Array.isArray(value) ? value.map(String) : [String(value)];
  if (texts.every((text) => text === '')) {
    throw new UsageError('MISSING_VALUE', `--${option.name} needs a value: ${option.kind.expects}.`, {
      safe: 'Nothing was started.',
    });
  }
  if (option.kind.form === 'one' && texts.length > 1) {
    throw new UsageError('REPEATED_FLAG', `--${option.name} was given ${texts.length} times; give it once.`, {
      safe: 'Nothing was started.',
    });
  }
  return texts;
}

function readFlag(option: Option, raw: RawValue): unknown {
  const parsed = option.kind.parse(raw.texts);
  if ('value' in parsed) return parsed.value;
  throw new UsageError('BAD_VALUE', `${raw.where} ${parsed.problem}.`, { safe: 'Nothing was started.' });
}

function unknownFlag(name: string, options: readonly KnownOption[]): UsageError {
  return new UsageError(
    'UNKNOWN_FLAG',
    `There is no option called ${quoteValue(`${name.length > 1 ? '--' : '-'}${name}`)} here.`,
    {
      safe: 'Nothing was started.',
      remedy: adviseOnUnknown(name, options),
    },
  );
}

function checkPositionals(
  command: Command,
  positionals: readonly string[],
  words: readonly string[],
  options: readonly KnownOption[],
): void {
  const [min, max] = command.positionals;
  const extra = positionals[max];
  if (extra !== undefined) {
    throw new UsageError('UNEXPECTED_ARGUMENT', `${quoteValue(extra)} was not expected after "${command.name}".`, {
      safe: 'Nothing was started.',
      remedy: adviseOnExtra(extra, words, options),
    });
  }
  if (positionals.length < min) {
    throw new UsageError('MISSING_ARGUMENT', `Something is missing after "${command.name}": ${command.usage}`, {
      safe: 'Nothing was started.',
    });
  }
}
