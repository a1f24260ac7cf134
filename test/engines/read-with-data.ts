/** Reads a page by tesseract.js with the language data of a folder, in a process of its own as page workers do; tells as JSON how it ended. */
import { join } from 'node:path';
import { asPipelineError } from '../../src/core/errors.ts';
import { TesseractJs } from '../../src/engines/tesseract-js.ts';
import { PROBE_IMAGE } from '../../src/engines/tesseract-stream.ts';

// What the library throws late is the page worker's to take: see work/call-server.ts.
process.on('uncaughtException', () => undefined);

const files = new Map([['eng', join(process.argv[2] ?? '', 'eng.traineddata.gz')]]);
const engine = new TesseractJs(['eng'], files, { name: 'tesseract.js', version: '1', models: {} });
const options = { pageSegMode: 3, mayBeInverted: false };
const told = await engine.recognize(PROBE_IMAGE, options, new AbortController().signal).then(
  () => ({ code: 'READ' }),
  (reason: unknown) => {
    const failure = asPipelineError(reason);
    return { ...failure.toRecord(), exitCode: failure.exitCode, scope: failure.scope };
  },
);
process.stdout.write(JSON.stringify(told), () => process.exit(0));
