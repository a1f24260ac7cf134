import { closest } from '../core/config/closest.ts';
import type { Advice } from '../core/errors.ts';

/** What is known of an option where a command line does not fit. */
export interface KnownOption {
  /** Without dashes. */
  readonly name: string;
  readonly alias: string | undefined;
  readonly form: 'one' | 'list' | 'switch';
}

/** Dashes that text programs put where a hyphen was typed. */
const LONG_DASH = '\u00ad\u2010-\u2015\u2212\ufe58\ufe63\uff0d';
const SOFT_OPTION = new RegExp(`^(?=.*[${LONG_DASH}])[-${LONG_DASH}]+([A-Za-z][\\w${LONG_DASH}-]*)`);
/** Quotation marks that text programs put where straight ones were typed: a shell takes them for letters. */
const CURLY_QUOTES = /^[\u201c-\u201f\u00ab\u00bb\u2018\u201a\u2039]|[\u201c-\u201f\u00bb]$/;

/** What helps with an option that is called otherwise here, or is none. */
interface OptionAdvice {
  /** Completes "Do". */
  readonly text: string;
  /** The option it is about: where a command does not have it, the advice is for another. */
  readonly about?: string | undefined;
}

const didYouMean = (about: string, example: string): OptionAdvice => ({
  text: `Did you mean --${about}?   Such as --${about} ${example}`,
  about,
});
const WHOLE_DOCUMENTS: OptionAdvice = {
  text: 'run and plan take whole documents. A few pages alone:\nocr-pipeline recognize FILE.pdf --pages 1-5 --output results/',
};
const INPUT_FOLDER: OptionAdvice = {
  text: '--input for a folder here, --box-folder for one on Box',
  about: 'input',
};

/** What people call options elsewhere, in other programs or in their own words. */
const OTHER_NAMES: Readonly<Record<string, OptionAdvice>> = {
  language: didYouMean('lang', 'deu'),
  languages: didYouMean('lang', 'deu+frk'),
  pages: WHOLE_DOCUMENTS,
  page: WHOLE_DOCUMENTS,
  'force-ocr': { text: '--mode force reads all pages again', about: 'mode' },
  'skip-text': { text: '--mode skip keeps text that is there already; it is the default', about: 'mode' },
  'redo-ocr': { text: '--mode redo reads pages again that somebody has put through OCR', about: 'mode' },
  sidecar: { text: '--formats txt,pdf writes the text beside the PDF; it is the default', about: 'formats' },
  'rotate-pages': { text: 'Leave it out: pages are turned as they need it' },
  deskew: { text: 'Leave it out: crooked pages are straightened' },
  threads: { text: '--jobs, such as --jobs 4', about: 'jobs' },
  cpus: { text: '--jobs, such as --jobs 4', about: 'jobs' },
  source: { text: '--input for files here, --box-folder for Box', about: 'input' },
  folder: INPUT_FOLDER,
  directory: INPUT_FOLDER,
  box: { text: '--box-folder, such as --box-folder "box:Scans/Marduk"', about: 'box-folder' },
  destination: { text: '--output for a folder here, --box-output-folder for one on Box', about: 'output' },
  format: { text: '--formats, such as --formats txt,pdf', about: 'formats' },
  resume: { text: 'The same command goes on by itself; or: ocr-pipeline resume' },
  slurm: { text: '--executor slurm', about: 'executor' },
};

/** What to do about an option that is not there. */
export function adviseOnUnknown(name: string, options: readonly KnownOption[]): string | undefined {
  const names = options.map((option) => option.name);
  const near = closest(name, names);
  if (near !== undefined) return `Did you mean --${near}?`;
  const other = Object.hasOwn(OTHER_NAMES, name) ? OTHER_NAMES[name] : undefined;
  return other && (other.about === undefined || names.includes(other.about)) ? other.text : undefined;
}

/** What is wrong with a word, and what to type instead. */
export interface WordProblem {
  readonly code: 'UNKNOWN_FLAG' | 'BAD_VALUE';
  readonly message: string;
  readonly advice: Advice;
}

/**
 * The first word that a text program or a habit has spoilt: a long dash, one hyphen where two belong, curly quotes.
 * @param exists whether a word is a file's name: then it is meant as it is.
 */
export function findSpoiltWord(
  words: readonly string[],
  options: readonly KnownOption[],
  exists: (word: string) => boolean,
): WordProblem | undefined {
  const end = words.indexOf('--');
  for (const word of end < 0 ? words : words.slice(0, end)) {
    const problem = longDash(word, options) ?? oneHyphen(word, options) ?? curlyQuotes(word, exists);
    if (problem) return problem;
  }
  return undefined;
}

function longDash(word: string, options: readonly KnownOption[]): WordProblem | undefined {
  const name = SOFT_OPTION.exec(word)?.[1]?.replaceAll(new RegExp(`[${LONG_DASH}]`, 'g'), '-');
  if (name === undefined) return undefined;
  const option =
    options.find((each) => each.name === name || each.alias === name) ??
    options.find((each) => each.name === closest(name, [each.name]));
  if (!option) return undefined;
  return {
    code: 'UNKNOWN_FLAG',
    message: `"${word}" begins with a long dash, as text programs write it.`,
    advice: {
      safe: 'Nothing was started.',
      remedy: `Type hyphens: ${name === option.alias ? `-${name}` : `--${option.name}`}`,
    },
  };
}

function oneHyphen(word: string, options: readonly KnownOption[]): WordProblem | undefined {
  const name = /^-([A-Za-z][\w-]+)(?:=|$)/.exec(word)?.[1];
  if (name === undefined || !options.some((option) => option.name === name)) return undefined;
  return {
    code: 'UNKNOWN_FLAG',
    message: `"-${name}" has one hyphen; options with long names have two.`,
    advice: { safe: 'Nothing was started.', remedy: `Type --${name}` },
  };
}

function curlyQuotes(word: string, exists: (word: string) => boolean): WordProblem | undefined {
  const value = /^--[\w-]+=(.*)$/s.exec(word)?.[1] ?? word;
  if (!CURLY_QUOTES.test(value) || exists(value)) return undefined;
  return {
    code: 'BAD_VALUE',
    message: `The quotation marks in ${word} are those of a text program; the shell takes them for letters.`,
    advice: {
      safe: 'Nothing was started.',
      remedy: `Type straight ones: "${stripQuotes(value)}${isWhole(value) ? '' : ' ...'}"`,
    },
  };
}

function stripQuotes(value: string): string {
  return value.replaceAll(/[\u201c-\u201f\u00ab\u00bb\u2018\u2019\u201a\u2039\u203a]/g, '');
}

/** Begins and ends with quotation marks: no space was in it. */
function isWhole(value: string): boolean {
  return value.length > 1 && /[\u2019\u201c-\u201f\u00ab\u00bb\u203a]$/.test(value);
}

/** What to do about a word that belongs to nothing: it may be the rest of what an option before it was given. */
export function adviseOnExtra(
  extra: string,
  words: readonly string[],
  options: readonly KnownOption[],
): string | undefined {
  const names = new Set(options.map(({ name }) => name));
  const at = words.indexOf(extra);
  const optionAt = words.slice(0, Math.max(0, at)).findLastIndex((word) => word.startsWith('-'));
  const written = words[optionAt]?.replace(/=.*$/s, '') ?? '';
  const option = options.find(
    ({ name, alias }) => written === `--${name}` || (alias !== undefined && written === `-${alias}`),
  );
  const rest = words.slice(optionAt + 1);
  const given = rest.slice(0, rest.findIndex((word) => word.startsWith('-')) >>> 0);
  const inline = /=(.*)$/s.exec(words[optionAt] ?? '')?.[1];
  const values = inline === undefined ? given : [inline, ...given];
  if (option?.name === 'lang')
    return `Languages are joined by +: --lang ${values.join('+').replaceAll(/[,;+]+/g, '+')}`;
  if (option?.form === 'one' && values.length > 1)
    return `A name with spaces needs quotes: --${option.name} "${values.join(' ')}"`;
  if (names.has('box-folder') && /^(?:box:|https?:|\d{6,}$)/i.test(extra))
    return `A folder on Box comes after --box-folder: --box-folder "${extra}"`;
  if (names.has('input')) return `Files and folders come after --input: --input "${extra}"`;
  return undefined;
}
