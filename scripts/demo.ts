/**
 * `npm run demo`: reads the sample scans of this project with tesseract.js and the English model that came with
 * `npm install`, and says where the text is. Needs no other program and no network.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { createInterface } from 'node:readline';

/** The exit code of a run in which some documents could not be read: two of the samples are broken on purpose. */
const SOME_FAILED = 65;
const SHOWN_LINES = 8;

const project = resolve(import.meta.dirname, '..');
const samples = join(project, 'test/fixtures/demo');
const output = join(project, 'demo-output');
const runs = join(output, '.runs');

/** Runs the program as a user would; gives its exit code. */
async function readSamples(): Promise<number> {
  const options = ['--input', samples, '--output', output, '--work-dir', runs, '--lang', 'eng', '--engine', 'tesseract.js'];
  const child = spawn(process.execPath, [join(project, 'bin/ocr-pipeline.js'), 'run', ...options], { stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

async function findTexts(): Promise<string[]> {
  const entries = await readdir(output, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.txt'))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.startsWith(runs))
    .toSorted();
}

async function printBeginning(path: string): Promise<void> {
  let shown = 0;
  using lines = createInterface({ input: createReadStream(path, 'utf8') });
  for await (const line of lines) {
    if (line.trim() === '') continue;
    console.log(`    ${line}`);
    if (++shown === SHOWN_LINES) break;
  }
}

// Each demonstration starts anew; the folder is made by this script alone.
await rm(output, { recursive: true, force: true });
const code = await readSamples();
if (code !== 0 && code !== SOME_FAILED) {
  console.error(`The demonstration did not end well (exit code ${code}).`);
  process.exitCode = code;
} else {
  const texts = await findTexts();
  const first = texts[0];
  if (first === undefined) {
    console.error('The demonstration ended without any text.');
    process.exitCode = 1;
  } else {
    console.log(`\nThe text is here, beside a searchable PDF of each document:\n`);
    for (const path of texts) console.log(`    ${relative(process.cwd(), path)}`);
    console.log(`\n${relative(process.cwd(), first)} begins:\n`);
    await printBeginning(first);
    if (code === SOME_FAILED) console.log('\nSome samples are broken on purpose: the summary above names them.');
    console.log('\nNext: your own folder of scans:  npx ocr-pipeline run --input FOLDER --output FOLDER');
  }
}
