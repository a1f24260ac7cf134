import { describe, expect, test } from 'vitest';
import { formatNumber, median, renderTable } from '../../bench/support/table.ts';

describe('tables of benchmarks', () => {
  test('align numbers right, and show what does not apply as a dash', () => {
    const text = renderTable({
      title: 'Speed',
      method: 'As said.',
      columns: ['what', 'pages/min'],
      rows: [
        { what: 'ours', values: [123.456] },
        { what: 'another', values: [null] },
      ],
      findings: ['Fast.'],
    });
    expect(text).toBe(
      '## Speed\n\nAs said.\n\n' +
        '| what    | pages/min |\n|---------|----------:|\n| ours    |       123 |\n| another |         - |\n\n- Fast.\n',
    );
  });

  test.each([
    [0, '0'],
    [1234.5, '1235'],
    [12.34, '12.3'],
    [1.234, '1.23'],
    [0.01234, '0.0123'],
    [0.000000001, '0.000000'],
    [Number.NaN, '-'],
  ])('show three digits of %s', (value, text) => {
    expect(formatNumber(value)).toBe(text);
  });

  test('take the middle value, or the mean of two', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([10, 9, 100])).toBe(10);
    expect(() => median([])).toThrow(RangeError);
  });
});
