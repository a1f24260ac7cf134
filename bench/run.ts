/**
 * `npm run bench -- [NAME ...] [--quick | --large] [--jobs N] [--rounds N] [--corpus FOLDER] [--output FOLDER]`
 *
 * Runs the benchmarks named, or all, prints their tables, and writes each as JSON and all as Markdown.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { DEFAULT_CORPUS, type BenchOptions } from './support/options.ts';
import { renderTable, type BenchTable } from './support/table.ts';
import { benchBoxTransfer } from './box-transfer.ts';
import { benchContainer } from './container.ts';
import { benchLargeDocument } from './large-document.ts';
import { benchManyDocuments } from './many-documents.ts';
import { benchOrchestration } from './orchestration.ts';
import { benchQueueMemory } from './queue-memory.ts';
import { benchSavioSimulation } from './savio-simulation.ts';
import { benchSlurmScale } from './slurm-scale.ts';
import { benchStartUp } from './start-up.ts';
import { benchTesseractJs } from './tesseract-js.ts';
import { benchThroughput } from './throughput.ts';

const BENCHES: Readonly<Record<string, (options: BenchOptions) => Promise<BenchTable[]>>> = {
  'start-up': benchStartUp,
  throughput: benchThroughput,
  orchestration: benchOrchestration,
  'tesseract-js': benchTesseractJs,
  'queue-memory': benchQueueMemory,
  'large-document': benchLargeDocument,
  'many-documents': benchManyDocuments,
  'box-transfer': benchBoxTransfer,
  'slurm-scale': benchSlurmScale,
  'savio-simulation': benchSavioSimulation,
  container: benchContainer,
};
const ROUNDS = 3;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    large: { type: 'boolean', default: false },
    jobs: { type: 'string', default: String(availableParallelism()) },
    rounds: { type: 'string' },
    corpus: { type: 'string', default: DEFAULT_CORPUS },
    output: { type: 'string', default: '.cache/bench' },
  },
});

function atLeastOne(text: string, name: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} needs a whole number from 1, not "${text}"`);
  return value;
}

function describeMachine(): string {
  const memoryGiB = Math.round(totalmem() / 2 ** 30);
  return `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${availableParallelism()} cores, ${memoryGiB} GiB, Node ${process.versions.node}`;
}

/** Runs one benchmark in a folder of its own. A benchmark that cannot run says why, and the others go on. */
async function runBench(name: string, shared: Omit<BenchOptions, 'scratch'>): Promise<BenchTable[]> {
  const scratch = mkdtempSync(join(tmpdir(), `bench-${name}-`));
  try {
    return (await BENCHES[name]?.({ ...shared, scratch })) ?? [];
  } catch (error) {
    process.exitCode = 1;
    console.error(`${name} could not be measured: ${error instanceof Error ? error.message : String(error)}`);
    return [];
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

const unknown = positionals.filter((name) => !Object.hasOwn(BENCHES, name));
if (unknown.length > 0)
  throw new Error(`no benchmark ${unknown.join(', ')}; there are ${Object.keys(BENCHES).join(', ')}`);
const output = resolve(values.output);
mkdirSync(output, { recursive: true });

const shared = {
  quick: values.quick,
  large: values.large,
  jobs: atLeastOne(values.jobs, 'jobs'),
  rounds: values.rounds === undefined ? (values.quick ? 1 : ROUNDS) : atLeastOne(values.rounds, 'rounds'),
  corpus: resolve(values.corpus),
  say: (text: string): void => console.error(`... ${text}`),
};
const caution = values.quick ? ' Quick mode: tiny inputs, no figures to quote.' : '';
const { version } = JSON.parse(readFileSync(resolve(import.meta.dirname, '../package.json'), 'utf8')) as {
  version: string;
};
const pages = [`# Benchmarks of ocr-pipeline ${version}\n\n${describeMachine()}.${caution}\n`];
console.log(pages[0]);
for (const name of positionals.length > 0 ? positionals : Object.keys(BENCHES)) {
  const tables = await runBench(name, shared);
  if (tables.length === 0) continue;
  const text = tables.map(renderTable).join('\n');
  console.log(text);
  pages.push(text);
  writeFileSync(
    join(output, `${name}.json`),
    `${JSON.stringify({ machine: describeMachine(), ...shared, tables }, null, 2)}\n`,
  );
}
writeFileSync(join(output, 'results.md'), pages.join('\n'));
console.log(`Kept in ${output}: results.md and one JSON file a benchmark.`);
