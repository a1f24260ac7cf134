import { describe, expect, it } from 'vitest';
import { adviseOnUnknown, type KnownOption } from '../../src/cli/explain-words.ts';

const options = (...names: string[]): KnownOption[] => names.map((name) => ({ name, alias: undefined, form: 'one' }));

describe('an option that is called otherwise', () => {
  const RUN = options('lang', 'input', 'output', 'box-folder', 'formats', 'mode', 'jobs', 'executor');
  it.each([
    ['language', 'Did you mean --lang?   Such as --lang deu'],
    ['lnag', 'Did you mean --lang?'],
    ['force-ocr', '--mode force reads all pages again'],
    ['deskew', 'Leave it out: crooked pages are straightened'],
    ['folder', '--input for a folder here, --box-folder for one on Box'],
    ['constructor', undefined],
    ['zzzzzz', undefined],
  ])('--%s: says what to type', (name, advice) => expect(adviseOnUnknown(name, RUN)).toBe(advice));

  it('gets no advice that is for another command', () => {
    expect(adviseOnUnknown('force-ocr', options('json', 'watch'))).toBeUndefined();
    expect(adviseOnUnknown('pages', options('json', 'watch'))).toContain('recognize FILE.pdf --pages 1-5');
  });
});
