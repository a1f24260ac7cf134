import { wordsOf, type PageResult } from './page.ts';

/**
 * Words that are frequent in one language and rare in its neighbours, some 40 a language: articles, pronouns, prepositions,
 * forms of "to be". Without accents, since a page that was read as another language often lacks them.
 */
const WORDS: Readonly<Record<string, string>> = {
  eng: 'the of and to that is was it for with as his on be at by this had not are but from or have an they which her she him been their has would there were when will',
  deu: 'der die und den das von zu mit sich des auf ist im nicht ein eine dem als auch es an wurde aus er hat nach wird bei einer um sie noch wie einem uber einen so zum war haben nur oder vor zur bis mehr durch man sein ich wir',
  fra: 'de la le et les des en un du une que est pour qui dans par plus pas au sur ne se ce il sont avec ils elle nous vous leur cette mais ou ses aux etait ont ete sa son je tout',
  lat: 'et in est non ad ut cum quod qui sed si ex per quae esse ab sunt aut etiam enim hoc quam nec de eius ac quidem autem pro eo ipse sit nam inter atque apud quoque neque eum',
  spa: 'de la que el en y los se del las un por con no una su para es al lo como mas pero sus le ya este si porque esta entre cuando muy sin sobre tambien me hasta hay donde',
  ita: 'di e il la che in un per una non sono del da con le si i al dei come della nel alla ha piu anche gli o ma lo delle questo suo degli era sua essere dal stato ed',
  por: 'de a o que e do da em um para com nao uma os no se na por mais as dos como mas ao ele das seu sua ou quando muito nos ja eu tambem so pelo pela ate isso',
  nld: 'de van het een en in is dat op te zijn met voor niet aan er om hij ook als dan maar bij door naar uit nog wel over deze werd wordt heeft zich ze die had tot hem haar',
  dan: 'og i at det er en den til af som pa de med der ikke et for var han fra jeg sig har om vi havde kan ved efter blev eller mig skal ham hun men sa denne over hvor',
  swe: 'och i att det som en pa ar av for med den till ar inte har de om ett han men var sig jag fran vi kan hade nar eller hon ut skulle vid efter sin blev under dem',
  nor: 'og i det er en til som pa de med at av for ikke den har seg var et fra han om vi men sa jeg hadde der eller blir ved etter ble bare dette skal noe hun ut',
  pol: 'i w na z do sie nie jest to ze o od za jak po przez co ale jego byl dla tak czy oraz przy ktory jej tego ich lub bylo juz tym ktore tylko jako',
  ces: 'a v se na je ze s z do to o i by pro jako za byl po jeho ve ale k od si jsou nebo jeste tak bylo co byla jsem ktery podle kdyz jen pri ktere jejich',
  hun: 'a az es hogy nem is egy ez volt meg csak de mint ha el mar van azt ezt vagy sem minden utan kell lesz amely aki igen itt nagy olyan maga pedig',
};

/** Names of the languages as people say them. */
const NAMES: Readonly<Record<string, string>> = {
  eng: 'English',
  deu: 'German',
  fra: 'French',
  lat: 'Latin',
  spa: 'Spanish',
  ita: 'Italian',
  por: 'Portuguese',
  nld: 'Dutch',
  dan: 'Danish',
  swe: 'Swedish',
  nor: 'Norwegian',
  pol: 'Polish',
  ces: 'Czech',
  hun: 'Hungarian',
};

/** Models that read a language under another name; `script/Latin` and the like read all of them. */
const MODELS: Readonly<Record<string, string>> = {
  frk: 'deu',
  deu_latf: 'deu',
  deu_frak: 'deu',
  Fraktur: 'deu',
  enm: 'eng',
  frm: 'fra',
  spa_old: 'spa',
  ita_old: 'ita',
  dan_frak: 'dan',
};

/** Frequent words that must have been seen, and how far the best must be before the next: below, no guess is made. */
const LEAST_SEEN = 12;
const LEAST_LEAD = 1.25;
/** Of all words, the weighted share that frequent words of the right language have at least: about a fifth in fluent text. */
const LEAST_SHARE = 0.06;

/** By word: the languages it speaks for. A word of several languages counts for each in part. */
const SPEAKS_FOR = ((): ReadonlyMap<string, readonly string[]> => {
  const languages = new Map<string, string[]>();
  for (const [language, words] of Object.entries(WORDS)) {
    for (const word of new Set(words.split(' '))) {
      // A single letter is as well a list's mark, or a speck.
      if (word.length < 2) continue;
      const known = languages.get(word);
      if (known) known.push(language);
      else languages.set(word, [language]);
    }
  }
  return languages;
})();

/** Counts frequent words of a document's text, page after page, and names the language it reads like. */
export class LanguageTally {
  readonly #scores = new Map<string, number>();
  #words = 0;
  #seen = 0;

  /** Counts the words of some text. */
  add(text: string): void {
    for (const word of fold(text).split(/[^\p{L}]+/u)) {
      if (word === '') continue;
      this.#words++;
      const languages = SPEAKS_FOR.get(word);
      if (!languages) continue;
      this.#seen++;
      for (const language of languages) {
        this.#scores.set(language, (this.#scores.get(language) ?? 0) + 1 / languages.length);
      }
    }
  }

  /** Counts the words of a page that was read; text that the PDF had itself says nothing of how it was read. */
  addPage(page: PageResult): void {
    if (page.state !== 'done') return;
    for (const word of wordsOf(page)) this.add(word.text);
  }

  /** A Tesseract code; undefined where there is too little text, or where no language is well before the others. */
  guess(): string | undefined {
    const [best, next] = [...this.#scores].sort((a, b) => b[1] - a[1]);
    if (!best || this.#seen < LEAST_SEEN || best[1] / this.#words < LEAST_SHARE) return undefined;
    return best[1] >= LEAST_LEAD * (next?.[1] ?? 0) ? best[0] : undefined;
  }
}

function fold(text: string): string {
  const lower = text.toLowerCase();
  // oxlint-disable-next-line no-control-regex -- nothing to fold in plain ASCII
  if (/^[\u0000-\u007f]*$/.test(lower)) return lower;
  return lower.replaceAll('ſ', 's').normalize('NFKD').replaceAll(/\p{M}/gu, '');
}

/** Whether a language is among those that were asked for (`deu+frk`); models of whole scripts read any. */
export function isAskedFor(language: string, asked: string): boolean {
  return asked.split('+').some((code) => {
    const model = code.replace(/^script\//, '');
    return model !== code && model !== 'Fraktur' ? true : (MODELS[model] ?? model) === language;
  });
}

/** What a document reads like, beside what was asked for; both as Tesseract codes. */
export interface ReadLanguage {
  readonly readsLike: string;
  /** `eng`, `deu+frk`. */
  readonly asked: string;
}

/** `reads like German; you gave eng`; undefined where the language fits or is not known. */
export function describeLanguage(language: ReadLanguage | undefined): string | undefined {
  if (language === undefined || isAskedFor(language.readsLike, language.asked)) return undefined;
  return `reads like ${NAMES[language.readsLike] ?? language.readsLike}; you gave ${language.asked}`;
}
