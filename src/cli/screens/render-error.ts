import type { ExitCode } from '../../core/errors.ts';
import type { PipelineError } from '../../core/errors.ts';
import type { TypedCommands } from '../typed-commands.ts';
import { cleanLines, displayWidth, wrap } from './display-text.ts';

const LABEL_WIDTH = 8;

/**
 * An error as people see it: what happened, its code and exit code, then why, what is safe and what to do.
 * @param width columns; words longer than a line stay whole.
 */
export function renderError(error: PipelineError, exitCode: ExitCode, width: number, typed: TypedCommands): string {
  const lines = headLines(`${cleanLines(typed(error.message))} [${error.code}]`, `(${exitCode})`, width);
  const parts: readonly (readonly [label: string, text: string | undefined])[] = [
    ['Why', error.advice.why],
    ['Safe', error.advice.safe],
    ['Do', error.advice.remedy],
  ];
  for (const [label, text] of parts) {
    if (text === undefined || text.trim() === '') continue;
    const wrapped = wrap(cleanLines(typed(text.trimEnd())), width - LABEL_WIDTH);
    for (const [index, line] of wrapped.entries()) {
      lines.push(`${(index === 0 ? `  ${label}` : '').padEnd(LABEL_WIDTH)}${line}`.trimEnd());
    }
  }
  return lines.join('\n');
}

/** The message with the exit code at the right end of its last line. */
function headLines(message: string, exit: string, width: number): string[] {
  const lines = wrap(message, width);
  const last = lines.at(-1) ?? '';
  const room = width - displayWidth(last) - exit.length;
  if (room >= 1) lines[lines.length - 1] = last + ' '.repeat(room) + exit;
  else lines.push(exit.padStart(width));
  return lines;
}
