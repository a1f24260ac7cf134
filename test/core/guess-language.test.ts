import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeLanguage, isAskedFor, LanguageTally } from '../../src/core/guess-language.ts';
import { requireCorpus } from '../support/requires.ts';

const SENTENCES: Readonly<Record<string, string>> = {
  eng: 'It was the best of times, and they had not been there when she came to him with the letter that was on the table.',
  deu: 'Der Mann, der auf dem Berg war, hatte nicht gesehen, wie sich die Leute mit dem Wagen von der Stadt und zum Fluß bewegten.',
  fra: 'Il est dans la maison avec les enfants, mais elle ne sait pas que nous sommes sur le bateau et que la mer est belle pour tous.',
};

function guess(text: string): string | undefined {
  const tally = new LanguageTally();
  tally.add(text);
  return tally.guess();
}

describe('the language a text reads like', () => {
  it.each(Object.entries(SENTENCES))('is %s where its frequent words say so', (language, text) => {
    expect(guess(text)).toBe(language);
  });

  it('is not guessed from a few words, from names, or from two languages at once', () => {
    expect(guess('the end')).toBeUndefined();
    expect(guess('Müller Schmidt Berlin 1899 Meyer '.repeat(50))).toBeUndefined();
    expect(guess('the of and to that is was it der die und den das von zu mit '.repeat(5))).toBeUndefined();
  });

  it('sees words that were read with another model: long s, no accents', () => {
    expect(
      guess(
        'Daß dieſer Mann ſich nicht auf die Reiſe und zu uns begeben hat, iſt von uns auch ſo geſehen und in der Stadt zum Geſpräch.',
      ),
    ).toBe('deu');
    expect(
      guess("Il a ete dans la maison ou nous etions avec les amis, et elle ne sait pas que c'est sur le pont."),
    ).toBe('fra');
  });

  it('counts pages that were read, and not text that the PDF had itself', () => {
    const words = SENTENCES['deu']!.split(' ').map((text) => ({ text, confidence: 90, box: [0, 0, 1, 1] as const }));
    const box = [0, 0, 1, 1] as const;
    const blocks = [{ box, paragraphs: [{ box, direction: 'ltr' as const, lines: [{ box, words }] }] }];
    const kept = new LanguageTally();
    kept.addPage({ pageNumber: 1, state: 'kept-text', blocks });
    expect(kept.guess()).toBeUndefined();
    const read = new LanguageTally();
    read.addPage({ pageNumber: 1, state: 'done', blocks });
    expect(read.guess()).toBe('deu');
  });

  const corpus = requireCorpus('accuracy');
  it.skipIf(corpus.skip)('is right for every document of the corpus, or not said', () => {
    const folder = resolve(corpus.folder);
    const { items } = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as {
      items: readonly { id: string; lang?: string; language?: string }[];
    };
    const wrong: string[] = [];
    let right = 0;
    for (const { id, lang, language } of items) {
      const found = guess(readFileSync(join(folder, `${id}.gt.txt`), 'utf8'));
      if (found !== undefined && isAskedFor(found, lang ?? language ?? '')) right++;
      else if (found !== undefined) wrong.push(`${id}: ${found}`);
    }
    expect(wrong).toEqual([]);
    expect(right).toBe(items.length);
  });
});

describe('what was asked for', () => {
  it('fits its own language under any name of its models, and is told where it does not', () => {
    for (const asked of ['deu', 'frk', 'deu+frk', 'eng+deu', 'script/Fraktur', 'script/Latin']) {
      expect(describeLanguage({ readsLike: 'deu', asked }), asked).toBeUndefined();
    }
    expect(describeLanguage({ readsLike: 'deu', asked: 'eng' })).toBe('reads like German; you gave eng');
    expect(describeLanguage({ readsLike: 'eng', asked: 'deu+frk' })).toBe('reads like English; you gave deu+frk');
    expect(describeLanguage(undefined)).toBeUndefined();
  });
});
