import { describe, expect, it } from 'vitest';
import { SYSTEMIC_PAGES, SystemicFailureWatch } from '../../src/core/systemic-failure.ts';

describe('the watch for faults of the system', () => {
  const error = (code: string) => ({ family: 'PageError' as const, code, message: '' });

  it('tells a broken engine from broken pages', () => {
    const watch = new SystemicFailureWatch();
    for (let n = 0; n < 100; n++) expect(watch.observe(`${n}`, error('PAGE_DAMAGED'))).toBe('fine');
    for (let n = 1; n < SYSTEMIC_PAGES; n++) expect(watch.observe(`${n % 2}`, error('ENGINE_FAILED'))).toBe('fine');
    expect(watch.observe('0', error('ENGINE_FAILED'))).toBe('broken');
  });

  it('is in doubt where one document is all that fails, or a limit was hit', () => {
    const watch = new SystemicFailureWatch();
    for (let n = 1; n < SYSTEMIC_PAGES; n++) expect(watch.observe('a', error('ENGINE_FAILED'))).toBe('fine');
    expect(watch.observe('a', error('ENGINE_FAILED'))).toBe('doubt');
    watch.startAgain();
    for (let n = 1; n < SYSTEMIC_PAGES; n++) expect(watch.observe(`${n}`, error('READING_TIMEOUT'))).toBe('fine');
    expect(watch.observe('a', error('READING_TIMEOUT'))).toBe('doubt');
  });

  it('starts again after a page that went well, and for another failure', () => {
    const watch = new SystemicFailureWatch();
    for (let n = 0; n < 100; n++)
      expect(watch.observe('a', n % 5 === 0 ? undefined : error('READING_TIMEOUT'))).toBe('fine');
    for (let n = 0; n < 100; n++)
      expect(watch.observe('a', error(n % 2 === 0 ? 'READING_TIMEOUT' : 'ENGINE_FAILED'))).toBe('fine');
  });
});
