/** A language as Tesseract's own data files name it. */
export interface KnownLanguage {
  /** Tesseract's code: `deu`. */
  readonly code: string;
  readonly name: string;
  /** Other codes people use for it: ISO 639-1, ISO 639-2/B, and names in the language itself. */
  readonly aliases: readonly string[];
}

/** The data files of Tesseract 4 and 5 that people are likely to mean, tesseract(1), LANGUAGES. */
const TABLE = `
afr|Afrikaans|af
amh|Amharic|am
ara|Arabic|ar
asm|Assamese|as
aze|Azerbaijani|az
bel|Belarusian|be
ben|Bengali|bn,bangla
bod|Tibetan|bo,tib
bos|Bosnian|bs
bre|Breton|br
bul|Bulgarian|bg
cat|Catalan|ca,valencian
ceb|Cebuano|
ces|Czech|cs,cze
chi_sim|Chinese, simplified|zh,zho,chi,chinese,zh-cn,mandarin
chi_tra|Chinese, traditional|zh,zho,chi,chinese,zh-tw
chr|Cherokee|
cos|Corsican|co
cym|Welsh|cy,wel
dan|Danish|da
deu|German|de,ger,deutsch
div|Dhivehi|dv
dzo|Dzongkha|dz
ell|Greek, modern|el,gre,greek
eng|English|en
enm|English, Middle (1100-1500)|english
epo|Esperanto|eo
equ|Mathematics and equations|math
est|Estonian|et
eus|Basque|eu,baq
fao|Faroese|fo
fas|Persian|fa,per,farsi
fil|Filipino|tl,tgl,tagalog
fin|Finnish|fi
fra|French|fr,fre,francais,français
frk|German, Fraktur type|fraktur,de,ger,german,gothic,blackletter
frm|French, Middle (about 1400-1600)|fre,french
fry|Frisian, western|fy
gla|Gaelic, Scottish|gd
gle|Irish|ga
glg|Galician|gl
grc|Greek, ancient|gre,greek
guj|Gujarati|gu
hat|Haitian|ht
heb|Hebrew|he,iw
hin|Hindi|hi
hrv|Croatian|hr,scr
hun|Hungarian|hu
hye|Armenian|hy,arm
iku|Inuktitut|iu
ind|Indonesian|id
isl|Icelandic|is,ice
ita|Italian|it,italiano
jav|Javanese|jv
jpn|Japanese|ja
kan|Kannada|kn
kat|Georgian|ka,geo
kaz|Kazakh|kk
khm|Khmer|km
kir|Kyrgyz|ky
kmr|Kurmanji|ku,kur,kurdish
kor|Korean|ko
lao|Lao|lo
lat|Latin|la
lav|Latvian|lv
lit|Lithuanian|lt
ltz|Luxembourgish|lb
mal|Malayalam|ml
mar|Marathi|mr
mkd|Macedonian|mk,mac
mlt|Maltese|mt
mon|Mongolian|mn
mri|Maori|mi,mao
msa|Malay|ms,may
mya|Burmese|my,bur,myanmar
nep|Nepali|ne
nld|Dutch|nl,dut,flemish,nederlands
nor|Norwegian|no,nb,nob,nn,nno
oci|Occitan|oc
ori|Odia|or,oriya
pan|Punjabi|pa
pol|Polish|pl,polski
por|Portuguese|pt,portugues,português
pus|Pashto|ps
que|Quechua|qu
ron|Romanian|ro,rum,moldavian
rus|Russian|ru
san|Sanskrit|sa
sin|Sinhala|si
slk|Slovak|sk,slo
slv|Slovenian|sl
snd|Sindhi|sd
spa|Spanish|es,espanol,español,castilian
sqi|Albanian|sq,alb
srp|Serbian, Cyrillic|sr,scc,serbian
srp_latn|Serbian, Latin|sr,scc,serbian
sun|Sundanese|su
swa|Swahili|sw
swe|Swedish|sv,svenska
syr|Syriac|
tam|Tamil|ta
tat|Tatar|tt
tel|Telugu|te
tgk|Tajik|tg
tha|Thai|th
tir|Tigrinya|ti
ton|Tonga|to
tur|Turkish|tr
uig|Uyghur|ug
ukr|Ukrainian|uk
urd|Urdu|ur
uzb|Uzbek|uz
vie|Vietnamese|vi
yid|Yiddish|yi
yor|Yoruba|yo
`;

export const KNOWN_LANGUAGES: readonly KnownLanguage[] = TABLE.trim()
  .split('\n')
  .map((line) => {
    const [code = '', name = '', aliases = ''] = line.split('|');
    return { code, name, aliases: aliases === '' ? [] : aliases.split(',') };
  });

const BY_CODE = new Map(KNOWN_LANGUAGES.map((language) => [language.code, language]));

/** The English name of a language, or its code where we know none. */
export function nameLanguage(code: string): string {
  return BY_CODE.get(code)?.name ?? code;
}

/** Takes `deu+frk` apart, each code once, in the order given. */
export function splitLanguages(language: string): string[] {
  return [...new Set(language.split('+').map((code) => code.trim()))].filter((code) => code !== '');
}

/** Languages that a wrong code may have meant, likeliest first, at most four. Their data need not be here. */
export function suggestLanguages(wanted: string): KnownLanguage[] {
  const key = wanted.normalize('NFC').toLowerCase();
  const meant = KNOWN_LANGUAGES.filter(
    ({ code, name, aliases }) =>
      code === key ||
      aliases.includes(key) ||
      name.toLowerCase().split(/[\s,()]+/)[0] === key ||
      nameStartsWith(name, key),
  );
  const close = meant.length > 0 ? meant : KNOWN_LANGUAGES.filter(({ code }) => isOneSlipAway(code, key));
  return close.slice(0, 4);
}

/** `germ` means German; three letters are a code. */
function nameStartsWith(name: string, key: string): boolean {
  return key.length >= 4 && name.toLowerCase().startsWith(key);
}

/** One letter replaced, left out or added, or two neighbours exchanged. */
function isOneSlipAway(code: string, key: string): boolean {
  if (Math.abs(code.length - key.length) > 1) return false;
  let head = 0;
  while (head < code.length && head < key.length && code[head] === key[head]) head++;
  const [a, b] = [code.slice(head), key.slice(head)];
  if (a.slice(1) === b.slice(1) || a.slice(1) === b || a === b.slice(1)) return true;
  return a.length === b.length && a[0] === b[1] && a[1] === b[0] && a.slice(2) === b.slice(2);
}
