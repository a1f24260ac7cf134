import { describe, expect, it } from 'vitest';
import { cleanText } from '../../src/cli/screens/display-text.ts';
import { safeJson } from '../../src/core/safe-json.ts';
import { showText } from '../../src/report/html.ts';

const HARMFUL = [
  '\u0007',
  '\u001b',
  '\u007f',
  '\u009b',
  '\u061c',
  '\u200b',
  '\u200e',
  '\u202e',
  '\u2060',
  '\u2066',
  '\ufeff',
  '\u{e0041}',
  '\ud800',
];

describe('a name with characters that turn, hide or move text', () => {
  it.each(HARMFUL)('shows %j nowhere: terminal, report, lines of JSON', (character) => {
    const name = `a${character}b`;
    expect(cleanText(name)).toBe('a?b');
    expect(showText(name)).toBe('a\ufffdb');
    expect(safeJson({ name })).not.toContain(character);
    expect((JSON.parse(safeJson({ name })) as { name: string }).name).toBe(name);
  });

  it.each(['می\u200cخواهم', 'क्\u200dष', '👩\u200d🔬', 'Zürich Ω 中 e\u0301', 'שלום'])(
    'keeps what belongs to the word: %s',
    (name) => {
      expect(cleanText(name)).toBe(name);
      expect(showText(name)).toBe(name);
    },
  );

  it.each(['a\u200db', 'x\u200c.pdf', '\u200dx'])('shows a joiner that joins nothing as a mark: %j', (name) => {
    expect(cleanText(name)).toContain('?');
  });
});
