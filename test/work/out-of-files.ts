/**
 * Opens files until this process may open no more, then starts programs in every way the program does; tells as JSON, by way,
 * how that went. Run it with a low `ulimit -n`.
 */
import { openSync } from 'node:fs';
import { runWhenDone } from '../../src/app/run-when-done.ts';
import { asPipelineError } from '../../src/core/errors.ts';
import { readErrno } from '../../src/core/errno.ts';
import { NativeTesseract } from '../../src/engines/tesseract-native.ts';
import { PROBE_IMAGE } from '../../src/engines/tesseract-stream.ts';
import { SlurmPrograms } from '../../src/executors/slurm/slurm-programs.ts';
import { createPdfjsRenderer } from '../../src/renderers/pdfjs.ts';
import { makePool } from './pool-setup.ts';

const CALM = new AbortController().signal;
const END = { run: 'r', exitCode: 0, summary: '', report: undefined };
const pool = makePool(1);
const engine = new NativeTesseract('/bin/true', 'eng', { name: 'tesseract', version: '4.1.1', models: {} });
const slurm = new SlurmPrograms(process.env, {});
const renderer = createPdfjsRenderer();

const ways: Readonly<Record<string, () => Promise<unknown>>> = {
  scan: () => renderer.open(process.argv[1] ?? '', { megapixels: 1 }, CALM),
  worker: () =>
    pool.run(
      { call: 'read', request: { file: 'ok', pageNumber: 1 }, timeoutMs: 20_000, subject: { document: 'ok' } },
      CALM,
    ),
  engine: () => engine.recognize(PROBE_IMAGE, { pageSegMode: 3, mayBeInverted: false }, CALM),
  slurm: () => slurm.queue(['a'], CALM),
  whenDone: () => runWhenDone('true', END, process.env),
};

function fill(): void {
  for (;;) {
    try {
      openSync('/dev/null', 'r');
    } catch (error) {
      if (readErrno(error)?.name === 'EMFILE') return;
      throw error;
    }
  }
}

const unheard: string[] = [];
process.on('uncaughtException', (error) => unheard.push(String(error)));
process.on('unhandledRejection', (error) => unheard.push(String(error)));

const told: Record<string, unknown> = {};
for (const [way, start] of Object.entries(ways)) {
  fill();
  told[way] = await start().catch((reason: unknown): unknown => {
    const failure = asPipelineError(reason);
    const { exitCode, scope } = failure;
    return { ...failure.toRecord(), exitCode, scope };
  });
}
process.stdout.write(JSON.stringify({ told, unheard }), () => process.exit(0));
