import { KNOWN_LANGUAGES, suggestLanguages } from '../engines/languages.ts';
import type { LanguageFacts } from './contract.ts';

/** Names languages by Tesseract's own codes, and says what a wrong code may have meant. */
export function explainLanguages(codes: readonly string[]): readonly LanguageFacts[] {
  return codes.map((code) => {
    const known = KNOWN_LANGUAGES.find((language) => language.code === code);
    if (known !== undefined) return { code, name: known.name, near: [] };
    return { code, near: suggestLanguages(code).map(({ code, name }) => ({ code, name })) };
  });
}
