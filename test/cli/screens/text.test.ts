import fc from 'fast-check';
import { registerSecret } from '../../../src/core/secrets.ts';
import { describe, expect, it } from 'vitest';
import {
  cleanText,
  displayWidth,
  padEnd,
  padStart,
  truncate,
  truncateMiddle,
  wrap,
} from '../../../src/cli/screens/display-text.ts';
import {
  countOf,
  formatBytes,
  formatCount,
  formatDuration,
  formatDurationRange,
  percentOf,
} from '../../../src/cli/screens/format-numbers.ts';
import { quoteWord } from '../../../src/cli/quote-word.ts';
import { detectAbilities, openTerminal, type OutputStream } from '../../../src/cli/terminal.ts';
import { memoryTerminal } from '../memory-terminal.ts';

const anyText = fc.string({ unit: 'binary', maxLength: 200 });

describe('text on a terminal', () => {
  it('counts columns, not characters', () => {
    expect(displayWidth('abc')).toBe(3);
    expect(displayWidth('楔形文字')).toBe(8);
    expect(displayWidth('e\u0301')).toBe(1);
  });

  it('never cuts beyond the width, nor through a character', () => {
    fc.assert(
      fc.property(anyText, fc.nat(60), (given, width) => {
        const text = cleanText(given);
        for (const cut of [truncate(text, width), truncateMiddle(text, width)]) {
          expect(displayWidth(cut)).toBeLessThanOrEqual(Math.max(width, 0));
          expect(cut.isWellFormed()).toBe(true);
        }
        expect(displayWidth(padEnd(text, width))).toBeGreaterThanOrEqual(width);
        expect(displayWidth(padStart(text, width))).toBeGreaterThanOrEqual(width);
      }),
    );
  });

  it('keeps the end of long names in sight', () => {
    expect(truncateMiddle('a-very-long-name-of-a-scan-volume-2.pdf', 21)).toBe('a-very-lo...ume-2.pdf');
  });

  it('leaves no control character, escape or change of direction', () => {
    fc.assert(
      fc.property(anyText, (given) => {
        expect(cleanText(given)).not.toMatch(/\p{Cc}|[\u202a-\u202e\u2066-\u2069\u2028\u2029]|\p{Cs}/u);
      }),
    );
    expect(cleanText('Übersicht “é” 楔.pdf')).toBe('Übersicht “é” 楔.pdf');
  });

  it('wraps at spaces, keeping indents and long words', () => {
    expect(wrap('one two  three', 8)).toEqual(['one two', 'three']);
    expect(wrap('  a b', 80)).toEqual(['  a b']);
    expect(wrap('a /very/long/path b', 6)).toEqual(['a', '/very/long/path', 'b']);
    expect(wrap('a\n\nb', 6)).toEqual(['a', '', 'b']);
  });

  it('loses no word in wrapping', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), fc.integer({ min: 1, max: 80 }), (text, width) => {
        expect(
          wrap(text, width)
            .join(' ')
            .split(/[ \n]+/)
            .filter(Boolean),
        ).toEqual(text.split(/[ \n]+/).filter(Boolean));
      }),
    );
  });
});

describe('numbers for people', () => {
  it('groups, counts and measures', () => {
    expect(formatCount(12_480)).toBe('12,480');
    expect([countOf(1, 'document'), countOf(0, 'document'), countOf(2, 'entry', 'entries')]).toEqual([
      '1 document',
      '0 documents',
      '2 entries',
    ]);
    expect([0, 999, 1000, 25_000, 999_949, 999_960, 38_200_000_000, 2.1e12].map(formatBytes)).toEqual([
      '0 bytes',
      '999 bytes',
      '1.0 kB',
      '25.0 kB',
      '1.0 MB',
      '1.0 MB',
      '38.2 GB',
      '2.1 TB',
    ]);
  });

  it('tells time as coarsely as people do', () => {
    expect([0, 8.4, 89, 90, 2700, 5940, 6000, 8400, 90_000, 400_000].map(formatDuration)).toEqual([
      '0 s',
      '8 s',
      '89 s',
      '2 min',
      '45 min',
      '99 min',
      '1h40',
      '2h20',
      '25h00',
      '5 days',
    ]);
    expect(formatDurationRange([31 * 60, 36 * 60])).toBe('31-36 min');
    expect(formatDurationRange([8400, 10_800])).toBe('2h20-3h00');
    expect(formatDurationRange([50, 120])).toBe('50 s-2 min');
    expect(formatDurationRange([60, 60])).toBe('60 s');
  });

  it('rounds to 0 and 100 percent only when that is so', () => {
    expect([percentOf(0, 0), percentOf(0, 9), percentOf(1, 10_000), percentOf(9_999, 10_000), percentOf(5, 5)]).toEqual(
      [0, 0, 1, 99, 100],
    );
  });
});

describe('words', () => {
  it('are quoted for a shell only where needed', () => {
    expect([`./scans`, `a b`, `it's`, `$HOME`, ``].map(quoteWord)).toEqual([
      './scans',
      `'a b'`,
      String.raw`'it'\''s'`,
      `'$HOME'`,
      `''`,
    ]);
  });
});

describe('a terminal', () => {
  it.each([
    [
      'a modern one',
      { LANG: 'en_US.UTF-8', TERM: 'xterm-256color' },
      { unicode: true, redraw: true, colorOut: true, colorErr: true },
    ],
    ['LC_ALL wins over LANG', { LANG: 'en_US.UTF-8', LC_ALL: 'C' }, { unicode: false, redraw: true }],
    ['NO_COLOR', { LANG: 'C.UTF-8', NO_COLOR: '1' }, { colorOut: false, colorErr: false, redraw: true }],
    ['an empty NO_COLOR', { NO_COLOR: '' }, { colorOut: true }],
    ['NO_COLOR and FORCE_COLOR', { NO_COLOR: '1', FORCE_COLOR: '1' }, { colorOut: false }],
    [
      'TERM=dumb',
      { LANG: 'C.UTF-8', TERM: 'dumb' },
      { unicode: false, redraw: false, redrawOut: false, colorOut: false },
    ],
    ['ACCESSIBLE=1', { LANG: 'C.UTF-8', ACCESSIBLE: '1' }, { redraw: false, redrawOut: false, unicode: true }],
  ])('%s', (_, environment, expected) => {
    expect(detectAbilities(environment, true, true)).toMatchObject(expected);
  });

  it('is plain in a pipe, and coloured there only when forced', () => {
    expect(detectAbilities({ LANG: 'C.UTF-8' }, false, false)).toMatchObject({ redraw: false, colorOut: false });
    expect(detectAbilities({ FORCE_COLOR: '1' }, false, false)).toMatchObject({ redraw: false, colorOut: true });
    expect(detectAbilities({ FORCE_COLOR: '0' }, false, false)).toMatchObject({ colorOut: false });
  });

  it('that was never told its size, as in a container or a script, has the usual one', () => {
    const { terminal } = memoryTerminal({ isTTY: true, columns: 0, rows: 0 });
    expect([terminal.columns(), terminal.rows()]).toEqual([80, 24]);
  });

  it('hides the secrets this process knows in whatever is printed, and nothing that people call a token', () => {
    registerSecret('abc123def456');
    const { terminal, out, err } = memoryTerminal();
    terminal.print('{"access_token":"abc123def456"}');
    terminal.say('Authorization: Bearer abc123def456');
    terminal.draw('refresh_token=abc123def456&x=1');
    expect(out() + err()).not.toContain('abc123def456');
    terminal.print('Parish token: Bearer 12345678.pdf, access_token=x.pdf, https://upload.box.com/api');
    expect(out()).toContain('Parish token: Bearer 12345678.pdf, access_token=x.pdf, https://upload.box.com/api');
  });

  it('goes on when standard error is gone, and tells a full disk from a reader that left', async () => {
    const listeners: ((error: Error) => void)[] = [];
    const stream: OutputStream = {
      writableLength: 0,
      write: (_text, done) => {
        done?.();
        return true;
      },
      on: (_event, listener) => listeners.push(listener),
    };
    const terminal = openTerminal(stream, stream, {}, (text) => text);
    const [outFails, errFails] = listeners;
    errFails?.(Object.assign(new Error('x'), { code: 'EIO' }));
    outFails?.(Object.assign(new Error('x'), { code: 'EPIPE' }));
    await expect(terminal.flush()).resolves.toBeUndefined();
    outFails?.(Object.assign(new Error('x'), { code: 'ENOSPC' }));
    await expect(terminal.flush()).rejects.toMatchObject({ code: 'STDOUT_FAILED' });
  });
});
