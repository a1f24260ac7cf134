import { describe, expect, it } from 'vitest';
import { settingOfKey } from '../../../src/core/config/resolve-settings.ts';

const adviceOn = (key: string): unknown => {
  try {
    return settingOfKey(key, `"${key}"`);
  } catch (error) {
    return (error as { advice: { remedy?: string } }).advice.remedy;
  }
};

describe('a setting that is called otherwise', () => {
  it.each([
    ['lagn', 'Did you mean lang?'],
    ['language', 'Did you mean lang?'],
    ['format', 'Did you mean formats?'],
    ['threads', 'Did you mean jobs?'],
    ['partition', 'Did you mean slurm.partition?'],
    ['account', 'Did you mean slurm.account?'],
    ['constructor', 'ocr-pipeline config explain   lists them all'],
    ['zzzzzzzz', 'ocr-pipeline config explain   lists them all'],
  ])('%s: says how', (key, remedy) => expect(adviceOn(key)).toBe(remedy));

  it('is taken where its name is right', () => expect(settingOfKey('slurm.account', '')).toBe('slurmAccount'));
});
