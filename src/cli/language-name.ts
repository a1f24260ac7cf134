/** Tesseract's codes that no ISO list knows, or names otherwise. */
const OWN_NAMES: Readonly<Record<string, string>> = {
  frk: 'German, Fraktur type',
  deu_latf: 'German, Fraktur type',
  dan_frak: 'Danish, Fraktur type',
  deu_frak: 'German, Fraktur type',
  slk_frak: 'Slovak, Fraktur type',
  chi_sim: 'Chinese, simplified',
  chi_tra: 'Chinese, traditional',
  ita_old: 'Italian, old',
  spa_old: 'Spanish, old',
  kat_old: 'Georgian, old',
  srp_latn: 'Serbian, Latin script',
  aze_cyrl: 'Azerbaijani, Cyrillic script',
  uzb_cyrl: 'Uzbek, Cyrillic script',
  equ: 'mathematics',
  osd: 'orientation of pages',
};

/** The English name of a Tesseract language code; `undefined` where there is none. */
export function languageName(code: string): string | undefined {
  const own = OWN_NAMES[code];
  if (own !== undefined) return own;
  if (code.startsWith('script/')) return `${code.slice('script/'.length)} script`;
  const [base = '', variant] = code.split('_');
  if (!/^[a-z]{2,3}$/.test(base)) return undefined;
  const name = new Intl.DisplayNames(['en'], { type: 'language', fallback: 'none' }).of(base);
  if (name === undefined) return undefined;
  return variant === 'vert' ? `${name}, vertical` : name;
}
