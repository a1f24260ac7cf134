import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findTool } from '../support/requires.ts';

/**
 * Writes a program that is Tesseract, until the file `behaviour` beside it says `crash` or `hang`: then it does so when it
 * is given a page. `crash-stream` does it only where the process is one that reads several.
 */
export async function writeSwitchedTesseract(folder: string): Promise<string> {
  const program = join(folder, 'tesseract');
  const real = `"${findTool('tesseract') ?? 'tesseract'}" "$@"`;
  const behaviour = `"$(cat "${join(folder, 'behaviour')}")"`;
  const lines = [
    '#!/bin/sh',
    'case "$*" in',
    '  *stream_filelist=1*)',
    // Stands between us and Tesseract, and breaks over a page instead of passing it on.
    '    while IFS= read -r page; do',
    `      case ${behaviour} in`,
    '        crash*) kill -SEGV $$; exit;;',
    '        hang) while kill -0 $$ 2>/dev/null; do sleep 0.2; done; exit;;',
    '      esac',
    `      printf '%s\\n' "$page"`,
    `    done | ${real}`,
    '    exit;;',
    'esac',
    `if [ "$2" = stdout ]; then case ${behaviour} in`,
    '  crash) kill -SEGV $$;;',
    '  hang) exec sleep 600;;',
    'esac; fi',
    `exec ${real}`,
  ];
  await writeFile(program, `${lines.join('\n')}\n`);
  await chmod(program, 0o755);
  return program;
}
