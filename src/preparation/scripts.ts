/** What the languages of a page tell about the shapes on it. */
export interface ScriptTraits {
  /** Heads and feet of lines can be told apart as in Latin type: all languages are written in its letters. */
  readonly latin: boolean;
  /** Lines run from top to bottom: a model for vertical text was asked for. */
  readonly vertical: boolean;
}

/** Tesseract codes of languages that are not written in Latin letters. tesseract(1), LANGUAGES. */
const NOT_LATIN = new Set(
  (
    'amh ara asm aze_cyrl bel ben bod bul chi_sim chi_tra chr div dzo ell fas grc guj heb hin hye iku jpn kan kat ' +
    'kat_old kaz khm kir kor lao mal mar mkd mon mya nep ori pan pus rus san sin snd srp syr tam tat tel tgk tha tir ' +
    'uig ukr urd uzb_cyrl yid'
  ).split(' '),
);

/** Models of whole scripts that are Latin: `script/Latin`. */
const LATIN_SCRIPTS = new Set(['Latin', 'Fraktur', 'Vietnamese']);

/** Looks at codes such as `deu+frk`. */
export function traitsOfLanguage(language: string): ScriptTraits {
  const codes = language.split('+');
  return { latin: codes.every(isLatin), vertical: codes.some((code) => code.endsWith('_vert')) };
}

function isLatin(code: string): boolean {
  if (code.startsWith('script/')) return LATIN_SCRIPTS.has(code.slice('script/'.length));
  return !NOT_LATIN.has(code) && !NOT_LATIN.has(code.replace(/_vert$/, ''));
}
