import { openTerminal, type OutputStream, type Terminal } from '../../src/cli/terminal.ts';

/** A terminal whose two streams are texts in memory, with the real printing in between. */
export interface MemoryTerminal {
  readonly terminal: Terminal;
  out(): string;
  err(): string;
}

export interface MemoryTerminalOptions {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  readonly environment?: Readonly<Record<string, string>>;
  /** Absent: the program is on the PATH. */
  readonly typed?: Terminal['typed'];
}

export function memoryTerminal({
  isTTY = false,
  columns = 80,
  rows = 40,
  environment = { LANG: 'C.UTF-8' },
  typed = (text) => text,
}: MemoryTerminalOptions = {}): MemoryTerminal {
  const texts = { out: '', err: '' };
  const stream = (name: 'out' | 'err'): OutputStream => ({
    isTTY,
    columns,
    rows,
    writableLength: 0,
    write(text, done) {
      texts[name] += text;
      done?.();
      return true;
    },
    on: () => undefined,
  });
  return {
    terminal: openTerminal(stream('out'), stream('err'), environment, typed),
    out: () => texts.out,
    err: () => texts.err,
  };
}

/** What a screen shows after the text was written to it: understands what the live block uses, and nothing else. */
export function showScreen(text: string): string {
  const rows: string[] = [''];
  let row = 0;
  let column = 0;
  // oxlint-disable-next-line eslint/no-control-regex -- the terminal's own language
  for (const [token, up] of text.matchAll(/\u001b\[(\d+)A|\u001b\[[KJ]|\r|\n|[^\u001b\r\n]+/g)) {
    if (up !== undefined) row = Math.max(0, row - Number(up));
    else if (token === '\u001b[K') rows[row] = (rows[row] ?? '').slice(0, column);
    else if (token === '\u001b[J') rows.splice(row, rows.length, (rows[row] ?? '').slice(0, column));
    else if (token === '\r') column = 0;
    else if (token === '\n') {
      row++;
      column = 0;
      rows[row] ??= '';
    } else {
      rows[row] = (rows[row] ?? '').slice(0, column) + token + (rows[row] ?? '').slice(column + token.length);
      column += token.length;
    }
  }
  return rows.join('\n').trimEnd();
}
