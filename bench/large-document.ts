import { mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { writeLargePdf } from './support/large-pdf.ts';
import type { BenchOptions } from './support/options.ts';
import { readByUs } from './support/peers.ts';
import { formatNumber, type BenchRow, type BenchTable } from './support/table.ts';

/** Memory of one of ours that grows by more than this between the smallest and the largest document grows with its pages. */
const GROWTH_LIMIT_MIB = 100;
const MEGABYTE = 1e6;

/** Memory of the main process and of the page workers, with ever larger documents: 1,000 pages are 530 MB. */
export async function benchLargeDocument(options: BenchOptions): Promise<BenchTable[]> {
  const sizes = options.quick ? [10, 40] : options.large ? [100, 1_000, 4_000] : [100, 300, 1_000];
  const rows: BenchRow[] = [];
  for (const pages of sizes) {
    options.say(`large document: ${pages} pages`);
    const folder = join(options.scratch, `pages-${pages}`);
    mkdirSync(folder, { recursive: true });
    const input = join(folder, 'book.pdf');
    writeLargePdf(input, pages);
    const megabytes = statSync(input).size / MEGABYTE;
    const cost = await readByUs({ input, folder, jobs: options.jobs, engine: 'null' });
    rows.push({
      what: `${pages} pages`,
      values: [
        megabytes,
        cost.mainPeakMiB,
        cost.workerPeakMiB,
        cost.peakTreeMiB,
        cost.cpuSeconds,
        (cost.cpuSeconds * 1000) / pages,
        cost.wallSeconds,
      ],
    });
    rmSync(folder, { recursive: true, force: true });
  }
  const growth = (column: number): number => Number(rows.at(-1)?.values[column]) - Number(rows[0]?.values[column]);
  return [
    {
      title: 'Memory with large documents',
      method:
        `One document of half a megabyte a page, text and searchable PDF, ${options.jobs} at once, read with --engine null: ` +
        'rendering, looking at pages and assembling are real.',
      columns: ['what', 'MB', 'main MiB', 'largest worker MiB', 'all MiB', 'CPU s', 'CPU ms/page', 'wall s'],
      rows,
      findings: [
        `From ${sizes[0]} to ${sizes.at(-1)} pages the main process grows by ${formatNumber(growth(1))} MiB and the largest worker by ` +
          `${formatNumber(growth(2))} MiB (goal: not with the pages; under ${GROWTH_LIMIT_MIB}).`,
      ],
    },
  ];
}
