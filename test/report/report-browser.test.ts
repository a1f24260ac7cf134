import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LedgerEvent, PageEntry } from '../../src/core/ledger.ts';
import { foldLedger } from '../../src/core/run-state.ts';
import { renderReport } from '../../src/report/render-report.ts';
import { RECORD } from '../runs/run-record.ts';
import { openBrowser } from '../support/browser.ts';
import { requireTools } from '../support/requires.ts';

const at = '2026-01-01T10:00:00.000Z';
const DOCUMENTS = 10_000;

function manyDocuments(count: number): LedgerEvent[] {
  const events: LedgerEvent[] = [{ at, type: 'session-started', host: 'node1', pid: 1, programVersion: '1.0.0' }];
  const path = (index: number): string => `Größe/letter ${index}${index === 7 ? ' <b>bold</b>' : ''}.pdf`;
  for (let index = 0; index < count; index++) {
    events.push({
      at,
      type: 'listed',
      source: { id: `/in/${path(index)}`, path: path(index), sizeBytes: 9, version: '1' },
    });
  }
  events.push({ at, type: 'listing-complete', documents: count, leftOut: 0 });
  for (let index = 0; index < count; index++) {
    const document = `/in/${path(index)}`;
    const pages: PageEntry[] = [
      [1, 'done', 95, 200],
      [2, 'done', index % 1_000 === 0 ? 40 : 90, index],
    ];
    events.push({ at, type: 'inspected', document, pageCount: 2, repaired: false });
    events.push({ at, type: 'pages', document, pages });
    const output = { sha1: 'a', sizeBytes: 1, outcome: 'created' } as const;
    const outputs = (['txt', 'pdf'] as const).map((format) => {
      const file = path(index).replace('.pdf', `.${format}`);
      return { format, path: file, id: `/out/${file}`, ...output };
    });
    events.push({ at, type: 'delivered', document, outputs }, { at, type: 'document-done', document });
  }
  return events;
}

const need = requireTools(['chromium']);

describe.skipIf(need.skip)('the report in a browser, opened from disk', () => {
  let folder: string;
  let address: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'report-'));
    const file = join(folder, 'report.html');
    const html = renderReport({ record: RECORD, state: foldLedger(manyDocuments(DOCUMENTS)), thumbnails: new Map() });
    expect(html.length).toBeLessThan(3_000_000);
    writeFileSync(file, html);
    address = pathToFileURL(file).href;
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('filters and sorts ten thousand documents, and shows their names as text', async () => {
    await using browser = await openBrowser();
    const page = await browser.context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(address);
    const rows = page.locator('#documents-table tbody tr');
    const names = (): Promise<string[]> => rows.locator('th').allTextContents();
    expect(await rows.count()).toBe(100);
    await page.getByLabel('Find').fill('GROSSE letter 9998');
    expect(await names()).toEqual(['Größe/letter 9998.pdf']);
    await page.getByLabel('Find').fill('bold');
    expect(await names()).toEqual(['Größe/letter 7 <b>bold</b>.pdf']);
    await page.getByLabel('Find').fill('');
    await page.getByLabel('Show').selectOption('to look at');
    expect(await rows.count()).toBe(10);
    await page.getByLabel('Show').selectOption('all');
    await page.getByRole('button', { name: 'Words' }).click();
    await page.getByRole('button', { name: 'Words' }).click();
    expect((await names())[0]).toBe('Größe/letter 9999.pdf');
    expect(await page.locator('th[aria-sort=descending]').innerText()).toContain('Words');
    await page.locator('#documents-more').click();
    expect(await rows.count()).toBe(1_100);
    expect(await rows.first().locator('a').first().getAttribute('href')).toBe(
      'file:///out/Gr%C3%B6%C3%9Fe/letter%209999.txt',
    );
    expect(complaints).toEqual([]);
  });

  it('needs no script, and fits a phone', async () => {
    await using browser = await openBrowser({ widthPx: 390, heightPx: 844, javaScript: false });
    const page = await browser.context.newPage();
    await page.goto(address);
    expect(await page.locator('#documents-table tbody tr').count()).toBe(100);
    expect(await page.getByText('And 9,900 more: documents.csv').count()).toBe(1);
    const box = await page.locator('html').boundingBox();
    expect(box!.width).toBe(390);
    expect(box!.height).toBeLessThan(12_000);
  });

  it('is reached with the keyboard: contents, table, pages that are faint', async () => {
    await using browser = await openBrowser();
    const page = await browser.context.newPage();
    await page.goto(address);
    const reached = new Set<string>();
    for (let presses = 0; presses < 60; presses++) {
      await page.keyboard.press('Tab');
      const focused = 'document.activeElement?.ariaLabel ?? document.activeElement?.textContent ?? ""';
      reached.add(String(await page.evaluate(focused)).trim());
    }
    expect([...reached]).toEqual(expect.arrayContaining(['In numbers', 'Documents', 'Confidence', 'Words']));
    const link = page.locator('.strips a').first();
    expect(await link.getAttribute('aria-label')).toBe('page 2: confidence 40');
    expect(await link.getAttribute('href')).toMatch(/^file:\/\/\/out\/.*\.pdf#page=2$/);
  });
});
