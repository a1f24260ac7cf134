import { quoteValue } from '../quote-value.ts';
import { parseSbatchOption, showSbatchOption, type SbatchOption } from '../sbatch-options.ts';
import { closest } from './closest.ts';

/** What came of reading a value: the value, or what is wrong with it in a person's words. */
export type Parsed<T> = { readonly value: T } | { readonly problem: string; readonly near?: string | undefined };

/** A sort of value: how it is read from text, whatever the text's source, and how it is described. */
export interface Kind<T> {
  /** `one` text, a `list` of texts, or a `switch` that needs no text on the command line. */
  readonly form: 'one' | 'list' | 'switch';
  /** Completes "needs ...": `a whole number from 72 to 1200`. */
  readonly expects: string;
  /** Stands for the value in help: `N`, `FOLDER`. */
  readonly placeholder: string;
  /** The value is one path, or several, taken relative to where it was written. */
  readonly isPath: boolean;
  readonly parse: (texts: readonly string[]) => Parsed<T>;
  /** The value as it would be typed. */
  readonly show: (value: T) => string;
}

function one<T>(parse: (text: string) => Parsed<T>): Kind<T>['parse'] {
  return (texts) => {
    const [text] = texts;
    if (texts.length > 1) return { problem: 'takes one value, and several were given' };
    return text === undefined || text.trim() === '' ? { problem: 'has no value' } : parse(text);
  };
}

/** A whole number within limits, inclusive. */
export function integer(min: number, max: number, placeholder = 'N'): Kind<number> {
  const expects = `a whole number from ${min} to ${max}`;
  const parse = (text: string): Parsed<number> => {
    const value = /^[+-]?\d{1,15}$/.test(text.trim()) ? Number(text) : Number.NaN;
    return value >= min && value <= max ? { value } : { problem: `needs ${expects}, not ${quoteValue(text)}` };
  };
  return { form: 'one', expects, placeholder, isPath: false, parse: one(parse), show: String };
}

/** A whole number within limits, or the word `auto`. */
export function integerOrAuto(min: number, max: number): Kind<number | 'auto'> {
  const number = integer(min, max);
  const expects = `${number.expects}, or auto`;
  const parse = (text: string): Parsed<number | 'auto'> => {
    if (text.trim() === 'auto') return { value: 'auto' };
    const parsed = number.parse([text]);
    return 'value' in parsed ? parsed : { problem: `needs ${expects}, not ${quoteValue(text)}` };
  };
  return { ...number, expects, parse: one(parse), show: String };
}

/** A length of time in whole seconds: `300`, `300s`, `5m`, `1h`. */
export function seconds(min: number, max: number): Kind<number> {
  const expects = `a time from ${min} s to ${max} s, such as 90, 90s or 5m`;
  const parse = (text: string): Parsed<number> => {
    const match = /^(\d{1,9}) ?(s|m|h)?$/.exec(text.trim());
    const factor = match?.[2] === 'h' ? 3600 : match?.[2] === 'm' ? 60 : 1;
    const value = match ? Number(match[1]) * factor : Number.NaN;
    return value >= min && value <= max ? { value } : { problem: `needs ${expects}, not ${quoteValue(text)}` };
  };
  return { form: 'one', expects, placeholder: 'TIME', isPath: false, parse: one(parse), show: (value) => `${value}s` };
}

/** A job's time in whole minutes, as people and as Slurm write it: `90`, `90m`, `3h`, `30:00`, `12:00:00`, `1-12:00:00`. */
export const jobTime: Kind<number> = {
  form: 'one',
  expects: 'a time such as 90m, 3h, 12:00:00 or 1-12:00:00',
  placeholder: 'TIME',
  isPath: false,
  parse: one((text) => {
    const minutes = readJobTime(text.trim());
    const problem = { problem: `needs a time such as 90m, 3h, 12:00:00 or 1-12:00:00, not ${quoteValue(text)}` };
    return minutes !== undefined && minutes >= 1 && minutes <= MAX_JOB_MINUTES ? { value: minutes } : problem;
  }),
  show: (minutes) => (minutes % 60 === 0 ? `${minutes / 60}h` : `${minutes}m`),
};

/** A year. */
const MAX_JOB_MINUTES = 527_040;

/** Minutes, begun ones counted whole. sbatch(1), --time. */
function readJobTime(text: string): number | undefined {
  const plain = /^(\d{1,6}) ?(m|h|d)?$/.exec(text);
  if (plain) return Number(plain[1]) * ({ h: 60, d: 1_440 }[plain[2] ?? ''] ?? 1);
  const days = /^(\d{1,3})-(\d{1,2})(?::(\d{1,2}))?(?::(\d{1,2}))?$/.exec(text);
  if (days)
    return Number(days[1]) * 1_440 + Number(days[2]) * 60 + Number(days[3] ?? 0) + Math.ceil(Number(days[4] ?? 0) / 60);
  const clock = /^(?:(\d{1,4}):)?(\d{1,4}):(\d{1,2})$/.exec(text);
  return clock ? Number(clock[1] ?? 0) * 60 + Number(clock[2]) + Math.ceil(Number(clock[3]) / 60) : undefined;
}

function pick<T extends string>(text: string, choices: readonly T[], hidden: readonly T[]): Parsed<T> {
  const word = text.trim();
  const value = [...choices, ...hidden].find((choice) => choice === word);
  if (value !== undefined) return { value };
  return { problem: `needs one of ${choices.join(', ')}, not ${quoteValue(text)}`, near: closest(word, choices) };
}

/** One of a few words. Hidden ones are accepted and not advertised. */
export function choice<T extends string>(choices: readonly T[], hidden: readonly T[] = []): Kind<T> {
  return {
    form: 'one',
    expects: `one of ${choices.join(', ')}`,
    placeholder: choices.join('|'),
    isPath: false,
    parse: one((text) => pick(text, choices, hidden)),
    show: String,
  };
}

/** Any of a few words, separated by commas; at least one. The answer has each once, in the order of `choices`. */
export function choices<T extends string>(all: readonly T[]): Kind<readonly T[]> {
  const parse = (texts: readonly string[]): Parsed<readonly T[]> => {
    const words = texts.flatMap((text) => text.split(',')).map((word) => word.trim());
    const named = words.filter((word) => word !== '');
    if (named.length === 0) return { problem: 'has no value' };
    const found = new Set<T>();
    for (const word of named) {
      const parsed = pick(word, all, []);
      if ('problem' in parsed) return parsed;
      found.add(parsed.value);
    }
    return { value: all.filter((item) => found.has(item)) };
  };
  const expects = `any of ${all.join(',')}`;
  return { form: 'list', expects, placeholder: 'LIST', isPath: false, parse, show: (value) => value.join(',') };
}

/** Any text without control characters. IDs of digits alone stay text. */
export function text(expects: string, placeholder: string, pattern?: RegExp): Kind<string> {
  const parse = (given: string): Parsed<string> => {
    const value = given.trim();
    // oxlint-disable-next-line eslint/no-control-regex -- control characters are what is looked for
    if (/[\u0000-\u001f\u007f]/.test(value) || (pattern && !pattern.test(value))) {
      return { problem: `needs ${expects}, not ${quoteValue(given)}` };
    }
    return { value };
  };
  return { form: 'one', expects, placeholder, isPath: false, parse: one(parse), show: (value) => value };
}

/** Tesseract's codes: `eng`, `deu+frk`, `chi_sim_vert`, `script/Fraktur`. */
const LANGUAGE = /^[A-Za-z][\w/-]*(\+[A-Za-z][\w/-]*)*$/;

/** Languages of the pages; where they are joined by something else, it says how. */
export const languages: Kind<string> = {
  form: 'one',
  expects: 'Tesseract language codes joined by +, such as deu+frk',
  placeholder: 'CODES',
  isPath: false,
  parse(texts) {
    const value = texts.join(' ').trim();
    if (value === '') return { problem: 'has no value' };
    if (LANGUAGE.test(value)) return { value };
    const joined = value
      .split(/[\s,;:|&+]+/)
      .filter((code) => code !== '')
      .join('+');
    return {
      problem: `needs ${languages.expects}, not ${quoteValue(value)}`,
      near: LANGUAGE.test(joined) ? joined : undefined,
    };
  },
  show: (value) => value,
};

/** A text that is shown nowhere, also where it does not fit. */
export function secretText(expects: string, pattern: RegExp): Kind<string> {
  const kind = text(expects, 'SECRET', pattern);
  const parse: Kind<string>['parse'] = (texts) => {
    const parsed = kind.parse(texts);
    return 'value' in parsed || texts.join('').trim() === ''
      ? parsed
      : { problem: `needs ${expects}, without spaces; what it has is not shown here` };
  };
  return { ...kind, parse, show: () => '(hidden)' };
}

function parsePath(given: string): Parsed<string> {
  return given.includes('\0') ? { problem: 'holds a zero byte, which no path can' } : { value: given };
}

/** One path. */
export function path(placeholder: 'FILE' | 'FOLDER'): Kind<string> {
  const expects = `a ${placeholder.toLowerCase()}`;
  return { form: 'one', expects, placeholder, isPath: true, parse: one(parsePath), show: (value) => value };
}

function parseList(texts: readonly string[]): Parsed<readonly string[]> {
  const value = texts.filter((item) => item !== '');
  if (value.length === 0) return { problem: 'has no value' };
  return value.some((item) => item.includes('\0')) ? { problem: 'holds a zero byte' } : { value };
}

function list(expects: string, placeholder: string, isPath: boolean): Kind<readonly string[]> {
  return { form: 'list', expects, placeholder, isPath, parse: parseList, show: (value) => value.join(' ') };
}

/** One path or several. */
export const paths: Kind<readonly string[]> = list('one or more files or folders', 'PATH...', true);

/** Glob patterns, one or several. */
export const patterns: Kind<readonly string[]> = list('one or more patterns such as "letters/**"', 'PATTERN...', false);

/** Options of sbatch, one or several: `reservation=NAME`, `contiguous`. The last of a name counts. */
export const sbatchOptions: Kind<readonly SbatchOption[]> = {
  form: 'list',
  expects: 'options of sbatch, such as reservation=NAME',
  placeholder: 'NAME=VALUE',
  isPath: false,
  parse: (texts) => {
    const byName = new Map<string, SbatchOption>();
    for (const given of texts.filter((item) => item.trim() !== '')) {
      const option = parseSbatchOption(given);
      if ('problem' in option) return option;
      byName.set(option.name, option);
    }
    return { value: [...byName.values()] };
  },
  show: (value) => value.map(showSbatchOption).join(' '),
};

/** On or off. */
export const onOff: Kind<boolean> = {
  form: 'switch',
  expects: 'true or false',
  placeholder: '',
  isPath: false,
  parse: one((given) => {
    const word = given.trim().toLowerCase();
    if (['true', 'yes', 'on', '1'].includes(word)) return { value: true };
    if (['false', 'no', 'off', '0'].includes(word)) return { value: false };
    return { problem: `needs true or false, not ${quoteValue(given)}` };
  }),
  show: String,
};
