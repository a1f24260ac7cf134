import { MissingDependencyError } from '../core/errors.ts';
import { nameLanguage, suggestLanguages } from './languages.ts';

/** `TESSERACT_MISSING`: there is no such program, or it does not answer as Tesseract does. */
export function tesseractMissing(program: string | undefined): MissingDependencyError {
  const what = program === undefined ? 'Tesseract is not installed here' : `Tesseract cannot be run as "${program}"`;
  return new MissingDependencyError('TESSERACT_MISSING', `${what}.`, {
    safe: 'Finished pages are kept.',
    remedy:
      'Install it (Debian, Ubuntu: apt install tesseract-ocr; macOS: brew install tesseract),\nor add  --engine tesseract.js  to do without.',
  });
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
