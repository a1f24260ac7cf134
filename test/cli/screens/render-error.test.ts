import { describe, expect, it } from 'vitest';
import { displayWidth } from '../../../src/cli/screens/display-text.ts';
import { renderError } from '../../../src/cli/screens/render-error.ts';
import { EXIT_MEANINGS } from '../../../src/cli/topics/exit-codes.ts';
import {
  AccessError,
  DocumentError,
  errorFromRecord,
  EXIT,
  OutputError,
  PipelineError,
  type ErrorFamily,
} from '../../../src/core/errors.ts';

const asWritten = (text: string): string => text;

/** Every family and its exit code. A new family does not compile without a line here. */
const FAMILIES: Readonly<Record<ErrorFamily, number>> = {
  UsageError: 64,
  ConfigError: 78,
  NoInputError: 66,
  MissingDependencyError: 69,
  AccessError: 77,
  DocumentError: 65,
  PageError: 65,
  TransientError: 75,
  OutputError: 74,
  StoppedError: 75,
  InternalError: 70,
};

describe('messages', () => {
  it('say what happened, why, what is safe and what to do', () => {
    const error = new AccessError('BOX_LOGIN_ENDED', 'Your Box login has ended.', {
      why: 'It was not used for 60 days, or it was used on another computer.',
      safe: '7,212 finished pages are on disk; 95 documents are already on Box.',
      remedy: 'ocr-pipeline login box        then the same command; it goes on.',
    });
    expect(renderError(error, error.exitCode, 77, asWritten)).toBe(
      [
        'Your Box login has ended. [BOX_LOGIN_ENDED]                              (77)',
        '  Why   It was not used for 60 days, or it was used on another computer.',
        '  Safe  7,212 finished pages are on disk; 95 documents are already on Box.',
        '  Do    ocr-pipeline login box        then the same command; it goes on.',
      ].join('\n'),
    );
  });

  it('wrap at 80 columns, put the exit code last, and keep remedies of several lines', () => {
    const error = new OutputError('DISK_FULL', `No room left ${'on this disk '.repeat(8)}at all.`, {
      safe: 'Finished pages are kept. '.repeat(6),
      remedy: 'Make room\n--work-dir /scratch',
    });
    const lines = renderError(error, error.exitCode, 80, asWritten).split('\n');
    for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(80);
    expect(lines[1]).toMatch(/\[DISK_FULL\] +\(74\)$/);
    expect(lines.slice(-2)).toEqual(['  Do    Make room', '        --work-dir /scratch']);
  });

  it('keep long paths whole, so that they can be copied', () => {
    const path = `/global/scratch/${'very-long-name/'.repeat(8)}a.pdf`;
    expect(renderError(new DocumentError('X', `Cannot read ${path}.`), 65, 80, asWritten)).toContain(path);
  });

  it('are harmless whatever a file is called', () => {
    const error = new DocumentError('PDF_ENCRYPTED', 'a\u001b]0;title\u0007\r\u202eb.pdf is locked.', {
      why: 'c\u001b[2J',
    });
    const shown = renderError(error, error.exitCode, 80, asWritten);
    expect(shown.replaceAll('\n', '')).not.toMatch(/\p{Cc}|\u202e/u);
    expect(shown).toContain('a?]0;title???b.pdf is locked.');
  });

  it.each(Object.entries(FAMILIES) as [ErrorFamily, number][])(
    '%s ends with %i, which help explains',
    (family, exit) => {
      const error = errorFromRecord({ family, code: 'SOME_CODE', message: 'Something happened.', remedy: 'Do this.' });
      expect(error).toBeInstanceOf(PipelineError);
      expect(error.exitCode).toBe(exit);
      expect(renderError(error, error.exitCode, 80, asWritten)).toMatch(
        new RegExp(`^Something happened\\. \\[SOME_CODE\\] +\\(${exit}\\)\\n {2}Do {4}Do this\\.$`),
      );
      expect(EXIT_MEANINGS.map(([code]) => code)).toContain(exit);
    },
  );

  it('explain every exit code there is', () => {
    expect(EXIT_MEANINGS.map(([code]) => code).sort((a, b) => a - b)).toEqual(
      Object.values(EXIT).sort((a, b) => a - b),
    );
  });
});
