import { explainErrno, readErrno } from '../core/errno.ts';
import { MissingDependencyError, type PipelineError } from '../core/errors.ts';
import type { WorkerEnd } from '../core/process-limits.ts';
import { explainStart } from '../core/start-failure.ts';
import { findLimit } from '../files/find-limit.ts';
import { nameLanguage, suggestLanguages } from './languages.ts';

/** `TESSERACT_MISSING`: there is no such program, or it does not answer as Tesseract does. */
export function tesseractMissing(program: string | undefined, cause?: unknown): MissingDependencyError {
  const what = program === undefined ? 'Tesseract is not installed here' : `Tesseract cannot be run as "${program}"`;
  const why = readErrno(cause) ? `: ${explainErrno(cause)}` : '';
  return new MissingDependencyError('TESSERACT_MISSING', `${what}${why}.`, {
    safe: 'Finished pages are kept.',
    remedy:
      'Install it (Debian, Ubuntu: apt install tesseract-ocr; macOS: brew install tesseract),\nor add  --engine tesseract.js  to do without.',
  });
}

/** Why Tesseract could not be started: never a page's fault. */
export function tesseractNotStarted(program: string, error: unknown): PipelineError {
  return explainStart(error, 'Tesseract') ?? tesseractMissing(program, error);
}

/**
 * `LIMIT_...`, `ENGINE_BROKEN`: Tesseract ends before it has read anything, a page of our own neither. `how` completes "it ...".
 */
export async function tesseractBroken(how: string, end: WorkerEnd): Promise<MissingDependencyError> {
  const suspect = await findLimit(end);
  const said = end.words.trim().split('\n').at(-1)?.slice(0, 300);
  const advice = { why: said || undefined, safe: 'No document is to blame. All that is finished is kept.' };
  if (suspect) {
    const message = `Tesseract cannot do its work here (${how}): a limit on ${suspect.name} is too low.`;
    return new MissingDependencyError(`LIMIT_${suspect.kind}`, message, { ...advice, remedy: suspect.remedy });
  }
  return new MissingDependencyError(
    'ENGINE_BROKEN',
    `Tesseract does not work here: ${how}, over a page of our own too.`,
    {
      ...advice,
      remedy: 'ocr-pipeline doctor   to see what is wrong, then the same command.',
    },
  );
}

/** `LANG_MISSING`: says what was probably meant and what is here. */
export function languageMissing(wanted: string, here: readonly string[]): MissingDependencyError {
  const installed = here.filter((code) => code !== 'osd');
  const near = suggestLanguages(wanted);
  return new MissingDependencyError('LANG_MISSING', `There is no language data called "${wanted}".`, {
    why: installed.length > 0 ? `Here are: ${installed.join(' ')}` : 'No language data is installed.',
    remedy: remedyFor(
      wanted,
      near.map(({ code }) => code),
      installed,
    ),
  });
}

function remedyFor(wanted: string, near: readonly string[], installed: readonly string[]): string {
  const usable = near.filter((code) => installed.includes(code));
  if (usable.length > 0) {
    const named = usable.map((code) => `${code} (${nameLanguage(code)})`);
    return `--lang ${usable[0]}   Near it: ${named.join(', ')}`;
  }
  const known = near.includes(wanted) ? wanted : near[0];
  if (known === undefined) return 'ocr-pipeline languages   to see the codes.';
  const debian = known.replaceAll('_', '-');
  return [
    `Install ${known} (${nameLanguage(known)}): apt install tesseract-ocr-${debian}`,
    `for tesseract.js: npm install @tesseract.js-data/${known}`,
  ].join('\n');
}
