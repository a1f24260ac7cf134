import { describe, expect, it } from 'vitest';
import { DocumentError, EXIT, OutputError, type ErrorRecord, type RepeatedFault } from '../../src/core/errors.ts';
import {
  DocumentFailureWatch,
  SYSTEMIC_DOCUMENTS_IN_A_ROW,
  SYSTEMIC_PAGES,
  SystemicFailureWatch,
} from '../../src/core/systemic-failure.ts';

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

describe('the watch for faults of all documents', () => {
  const unreadable = (document: string, inARow: RepeatedFault | undefined = 'environment'): ErrorRecord =>
    new DocumentError('SOURCE_UNREADABLE', `${document} cannot be read.`, { remedy: 'Again.' }, { inARow }).toRecord();

  /** Tells of so many documents, and answers with the last verdict. */
  function tell(watch: DocumentFailureWatch, names: readonly string[], make = unreadable) {
    return names.map((name) => watch.observe(name, make(name))).at(-1);
  }
  const names = (from: number, count: number): string[] => Array.from({ length: count }, (_, at) => `${from + at}.pdf`);
  const FEWER = SYSTEMIC_DOCUMENTS_IN_A_ROW - 1;

  it('stops the run at so many in a row, by the name of what they met, and not as a document’s fault', () => {
    const watch = new DocumentFailureWatch();
    expect(tell(watch, names(1, FEWER))).toBeUndefined();
    const stop = watch.observe('last.pdf', unreadable('last.pdf'));
    expect(stop).toMatchObject({ code: 'SOURCE_UNREADABLE', scope: 'environment', exitCode: EXIT.temporary });
    expect(stop?.message).toBe(
      `${SYSTEMIC_DOCUMENTS_IN_A_ROW} documents in a row failed the same way. The last: last.pdf cannot be read.`,
    );
    expect(stop?.advice).toMatchObject({ safe: 'All that is finished is kept.', remedy: 'Again.' });
    expect(stop?.inARow).toBeUndefined();
  });

  it('keeps the family and exit code of what is no document’s', () => {
    const refused = (): ErrorRecord =>
      new OutputError('WRITE_FAILED', 'Cannot write it.', {}, { scope: 'document', inARow: 'environment' }).toRecord();
    const stop = tell(new DocumentFailureWatch(), names(1, SYSTEMIC_DOCUMENTS_IN_A_ROW), refused);
    expect(stop).toMatchObject({ code: 'WRITE_FAILED', scope: 'environment', exitCode: EXIT.output });
  });

  it('counts documents, and not how often one fails', () => {
    const watch = new DocumentFailureWatch();
    for (let n = 0; n < 100; n++) expect(watch.observe('a.pdf', unreadable('a.pdf'))).toBeUndefined();
  });

  it('starts again after one that went well, and for another failure', () => {
    const watch = new DocumentFailureWatch();
    tell(watch, names(1, FEWER));
    watch.recordSuccess();
    expect(tell(watch, names(10, FEWER))).toBeUndefined();
    const other = (name: string): ErrorRecord => ({ ...unreadable(name), code: 'WRITE_FAILED' });
    expect(tell(watch, names(20, FEWER), other)).toBeUndefined();
    expect(tell(watch, names(30, FEWER))).toBeUndefined();
    expect(watch.observe('x.pdf', unreadable('x.pdf'))?.scope).toBe('environment');
  });

  it('never blames the environment for what documents can have of themselves, however many', () => {
    const watch = new DocumentFailureWatch();
    const damaged = (name: string): ErrorRecord => new DocumentError('PDF_DAMAGED', `${name} is damaged.`).toRecord();
    expect(tell(watch, names(1, 100), damaged)).toBeUndefined();
  });

  it('is not reset by such a failure between two that are alike', () => {
    const watch = new DocumentFailureWatch();
    tell(watch, names(1, FEWER));
    expect(watch.observe('odd.pdf', new DocumentError('PDF_DAMAGED', 'Damaged.').toRecord())).toBeUndefined();
    expect(watch.observe('x.pdf', unreadable('x.pdf'))?.code).toBe('SOURCE_UNREADABLE');
  });
});
