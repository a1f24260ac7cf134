/** Text as it may stand in XML 1.0, in element or attribute: escaped, NFC, without characters XML forbids. */
export function xmlText(text: string): string {
  return (
    text
      .normalize('NFC')
      // https://www.w3.org/TR/xml/#charsets; lone surrogates are no characters at all.
      // oxlint-disable-next-line no-control-regex
      .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028\u2029\ufffe\uffff]/g, '')
      .replaceAll(/\p{Surrogate}/gu, '\ufffd')
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      .replaceAll("'", '&#39;')
      .replaceAll('\t', '&#9;')
      .replaceAll('\n', '&#10;')
      .replaceAll('\r', '&#13;')
  );
}

/** Tags of BCP 47 for the Tesseract codes people use; others have three letters that ISO 639 knows. */
const TAGS: Readonly<Record<string, string>> = {
  eng: 'en',
  enm: 'enm',
  deu: 'de',
  frk: 'de-Latf',
  deu_latf: 'de-Latf',
  fra: 'fr',
  frm: 'frm',
  ita: 'it',
  ita_old: 'it',
  spa: 'es',
  spa_old: 'es',
  por: 'pt',
  nld: 'nl',
  lat: 'la',
  ell: 'el',
  grc: 'grc',
  rus: 'ru',
  pol: 'pl',
  ces: 'cs',
  dan: 'da',
  swe: 'sv',
  heb: 'he',
  ara: 'ar',
};

/** The language tags of Tesseract's codes: `deu+frk` gives `de`, `de-Latf`. Codes that stand for no language give none. */
export function languageTags(language: string): string[] {
  const tags = language.split('+').map((code) => TAGS[code] ?? /^[a-z]{3}(?=$|_)/.exec(code)?.[0]);
  return [...new Set(tags.filter((tag) => tag !== undefined))];
}
