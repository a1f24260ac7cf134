import { EXIT } from '../../core/errors.ts';

/** What each exit code means, and what to do. */
export const EXIT_MEANINGS: readonly (readonly [code: number, meaning: string, next: string])[] = [
  [EXIT.ok, 'All documents are complete', ''],
  [EXIT.usage, 'The command line was wrong; nothing started', 'see the hint below the message'],
  [EXIT.someFailed, 'Done, but some documents or pages failed', 'ocr-pipeline report; run again'],
  [EXIT.noInput, 'Nothing to work on, and why', 'check --input and --match'],
  [EXIT.missingDependency, 'Something needed is not installed', 'ocr-pipeline doctor'],
  [EXIT.bug, 'A defect of this program', 'please report it'],
  [EXIT.output, 'Results cannot be stored: disk, quota, name taken', 'make room; the same command'],
  [EXIT.temporary, 'Stopped, or a passing trouble; it can go on', 'the same command'],
  [EXIT.access, 'No permission, or a login has ended', 'as the message says; the same command'],
  [EXIT.config, 'A setting was wrong; nothing started', 'ocr-pipeline config explain'],
  [EXIT.interrupted, 'Stopped at once by a second Ctrl-C', 'the same command'],
  [EXIT.terminated, 'Stopped at once by a second SIGTERM', 'the same command'],
];

const rows = EXIT_MEANINGS.map(([code, meaning, next]) => {
  const head = `  ${String(code).padStart(3)}  ${meaning}`;
  return next === '' ? head : `${head}\n         ${next}`;
});

/** What scripts can rely on. */
export const text = `EXIT CODES

${rows.join('\n')}

  After 65, 74, 75 and 77 the same command goes on where it stopped.`;
