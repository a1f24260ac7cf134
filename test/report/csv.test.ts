import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { writeCsv } from '../../src/report/csv.ts';

/** RFC 4180, read back. */
function readCsv(text: string): string[][] {
  const rows: string[][] = [];
  let [row, cell, quoted]: [string[], string, boolean] = [[], '', false];
  const characters = text.replace('\ufeff', '');
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at]!;
    if (quoted && character === '"' && characters[at + 1] === '"') cell += characters[at++];
    else if (character === '"') quoted = !quoted;
    else if (quoted) cell += character;
    else if (character === ',') {
      row.push(cell);
      cell = '';
    } else if (character === '\r' && characters[at + 1] === '\n') {
      rows.push([...row, cell]);
      [row, cell] = [[], ''];
      at++;
    } else cell += character;
  }
  return rows;
}

describe('tables for spreadsheets', () => {
  it('never begin a cell with what a spreadsheet calculates', () => {
    const table = writeCsv(['name'], [['=cmd|calc!A1'], ['+1'], ['-1'], ['@x'], ['\t=1'], ['a"b'], [-5]]);
    expect(readCsv(table).slice(1).flat()).toEqual(["'=cmd|calc!A1", "'+1", "'-1", "'@x", "'\t=1", 'a"b', '-5']);
  });

  it('hold no formula after spaces, in full width, or where semicolons divide cells', () => {
    const table = writeCsv(['name'], [[' =1'], ['＝1+1'], ['a;=cmd|calc!A1'], ['b;2'], ['c\n-1']]);
    expect(readCsv(table).slice(1).flat()).toEqual(["' =1", "'＝1+1", "a;'=cmd|calc!A1", 'b;2', "c\n'-1"]);
  });

  it('give every cell back that is no formula', () => {
    const formula = /(?:^|[;\r\n])\s*[=+\-@＝＋－＠]|^[\t\r\ufeff]/;
    const cell = fc.string({ unit: 'binary' }).filter((text) => !formula.test(text));
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell)), (rows) => {
        expect(readCsv(writeCsv(['a', 'b'], rows)).slice(1)).toEqual(rows);
      }),
    );
  });
});
