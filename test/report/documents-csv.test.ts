import { describe, expect, it } from 'vitest';
import { documentsCsv } from '../../src/report/documents-csv.ts';
import { filesCsv } from '../../src/report/files-csv.ts';
import { sampleState } from '../cli/screens/sample-run.ts';

describe('documents.csv', () => {
  it('has a row for every document and for all that was left out', () => {
    expect(documentsCsv(sampleState()).split('\r\n')).toEqual([
      '\ufeffname,pages,words,confidence,state,reason,language',
      'a10.pdf,2,300,95,complete,,',
      'a2.pdf,4,430,57,complete,2 faint pages,',
      'a3.pdf,2,30,65,failed,1 failed page,',
      String.raw`locked\u001b.pdf,,0,,failed,It is locked with a password,`,
      'notes.txt,,,,left out,its name does not end with .pdf,',
      '',
    ]);
  });

  it('gives a terminal nothing to obey, whatever a file is called', () => {
    const path = 'a\u009b31m\u061cb\u202e.pdf';
    const state = sampleState([{ path, pages: [], end: 'open' }], null);
    for (const table of [documentsCsv(state), filesCsv(state)])
      expect(table.split('\r\n')[1]).toMatch(/^a\\u009b31m\\u061cb\\u202e\.pdf,/);
  });

  it('gives a spreadsheet nothing to calculate, whatever a file is called', () => {
    const state = sampleState([{ path: '=HYPERLINK("http://x","a, b").pdf', pages: [], end: 'open' }], null);
    expect(documentsCsv(state).split('\r\n')[1]).toBe('"\'=HYPERLINK(""http://x"",""a, b"").pdf",0,0,,being read,,');
  });
});
