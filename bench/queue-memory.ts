import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchOptions } from './support/options.ts';
import { readByUs } from './support/peers.ts';
import { formatNumber, type BenchRow, type BenchTable } from './support/table.ts';
import { tinyPdf } from './support/tiny-pdf.ts';

const GOAL_MIB = 300;

/** Memory of the main process with ever more pages waiting, read by the engine that only pretends to read. */
export async function benchQueueMemory(options: BenchOptions): Promise<BenchTable[]> {
  const sizes = options.quick ? [20, 200] : [100, 1_000, 10_000];
  const rows: BenchRow[] = [];
  for (const shape of ['one document', 'documents of 10 pages'] as const) {
    for (const pages of sizes) {
      options.say(`queue memory: ${pages} pages, ${shape}`);
      const folder = join(options.scratch, `queue-${shape}-${pages}`.replaceAll(' ', '-'));
      const documents = shape === 'one document' ? 1 : pages / 10;
      const input = writeDocuments(join(folder, 'in'), documents, pages / documents);
      const cost = await readByUs({ input, folder, jobs: options.jobs, formats: 'txt', engine: 'null' });
      rows.push({
        what: `${pages} pages, ${shape}`,
        values: [
          cost.mainPeakMiB,
          cost.mainCpuSeconds,
          (cost.mainCpuSeconds * 1000) / pages,
          cost.peakTreeMiB,
          cost.wallSeconds,
        ],
      });
    }
  }
  const largest = Math.max(...rows.map((row) => Number(row.values[0])));
  return [
    {
      title: 'Memory with many pages waiting',
      method: `Tiny pages read with --engine null --formats txt, ${options.jobs} at once: what is left is our own doing.`,
      columns: ['what', 'main MiB', 'main CPU s', 'main CPU ms/page', 'all MiB', 'wall s'],
      rows,
      findings: [`The main process needs at most ${formatNumber(largest)} MiB (goal: under ${GOAL_MIB}).`],
    },
  ];
}

function writeDocuments(folder: string, documents: number, pages: number): string {
  mkdirSync(folder, { recursive: true });
  for (let number = 1; number <= documents; number++) {
    writeFileSync(join(folder, `document-${number}.pdf`), tinyPdf(number, pages));
  }
  return folder;
}
