/**
 * `npm run demo [-- FOLDER]`: the main job from beginning to end. A stand-in for Box runs on this computer with a folder of
 * sample scans; the real program logs in, reads the folder and puts the results beside the scans. All that stays is in
 * `demo-output` (below FOLDER; the project's own when none is given). Needs no other program and no network.
 */
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { Agent, get, type IncomingMessage } from 'node:http';
import { glob, mkdir, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { startBoxEmulator, type BoxEmulator } from '../test/box-emulator/box-emulator.ts';

/** The exit code of a run in which some documents could not be read: two of the samples are broken on purpose. */
const SOME_FAILED = 65;
const SHOWN_LINES = 6;
/** What one command may take, on the slowest computer. */
const COMMAND_TIMEOUT_MS = 900_000;
const REQUEST_TIMEOUT_MS = 10_000;
/** The program's page, the consent at Box, the way back, and one to spare. */
const MAX_REDIRECTS = 4;
const FOLDER_NAME = 'Old books';

const project = resolve(import.meta.dirname, '..');
const output = join(resolve(process.argv[2] ?? project), 'demo-output');
const home = join(output, '.home');

/** A command of the demonstration that did not end as it should. */
class DemoError extends Error {
  readonly exitCode: number;
  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Nothing of the person's own: no settings, no login, no proxy. What describes the terminal stays. */
function demoEnvironment(emulator: BoxEmulator): Record<string, string> {
  const kept = [
    'PATH',
    'LANG',
    'LC_ALL',
    'TERM',
    'NO_COLOR',
    'FORCE_COLOR',
    'ACCESSIBLE',
    'TMPDIR',
    'SystemRoot',
    'TEMP',
  ];
  const own = kept.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]] as const]));
  return {
    ...Object.fromEntries(own),
    HOME: home,
    XDG_CONFIG_HOME: join(home, '.config'),
    XDG_STATE_HOME: join(home, '.local/state'),
    OCR_PIPELINE_SITE_FILE: join(home, 'site.yaml'),
    NO_PROXY: '127.0.0.1,localhost',
    OCR_PIPELINE_BOX_API_URL: emulator.apiUrl,
    OCR_PIPELINE_BOX_UPLOAD_URL: emulator.uploadUrl,
    OCR_PIPELINE_BOX_ACCOUNT_URL: emulator.oauthUrl,
    OCR_PIPELINE_BOX_CLIENT_ID: emulator.clientId,
    OCR_PIPELINE_BOX_CLIENT_SECRET: emulator.clientSecret,
  };
}

/** Starts the program as a person would, after showing the command. */
function start(
  environment: Readonly<Record<string, string>>,
  args: readonly string[],
  stdio: StdioOptions,
): ChildProcess {
  console.log(`\n$ ocr-pipeline ${args.map((word) => (/^[\w.,:=/-]+$/.test(word) ? word : `"${word}"`)).join(' ')}\n`);
  const command = [join(project, 'bin/ocr-pipeline.js'), ...args];
  return spawn(process.execPath, command, { cwd: output, env: environment, stdio, timeout: COMMAND_TIMEOUT_MS });
}

/** Ctrl-C reaches the program too, which stops tidily; Box must stay there until it has. */
function stayForProgram(): void {}

/** Settles when it has ended and all it said has been heard. */
async function endOf(child: ChildProcess): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.once('error', reject).once('close', (code) => resolve(code ?? 1));
  const onTerminate = (): void => void child.kill('SIGTERM');
  process.on('SIGINT', stayForProgram).on('SIGTERM', onTerminate);
  try {
    return await promise;
  } finally {
    process.off('SIGINT', stayForProgram).off('SIGTERM', onTerminate);
  }
}

/** Runs a command in this terminal. @throws {DemoError} it ended otherwise than expected. */
async function runCommand(
  environment: Readonly<Record<string, string>>,
  args: readonly string[],
  expected = 0,
): Promise<void> {
  const code = await endOf(start(environment, args, 'inherit'));
  if (code !== expected) throw unexpected(`ocr-pipeline ${args[0]}`, code, expected);
}

function unexpected(command: string, code: number, expected: number): DemoError {
  return new DemoError(`${command} ended with exit code ${code}, not ${expected}.`, code === 0 ? 1 : code);
}

/** `login box`, with the page that it wants opened opened here instead of in a browser. */
async function logIn(environment: Readonly<Record<string, string>>): Promise<void> {
  // Without a PATH no browser of the person's is found.
  const child = start({ ...environment, PATH: home }, ['login', 'box'], ['ignore', 'inherit', 'pipe']);
  const ended = endOf(child);
  let said = '';
  let answered: Promise<number> | undefined;
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    process.stderr.write(text);
    said += text;
    const [address] = /http:\/\/localhost:\d+\/\w+(?=\s)/.exec(said) ?? [];
    if (answered !== undefined || address === undefined) return;
    console.log('\n(The demonstration answers as your browser would, and allows it.)\n');
    answered = openPage(address);
    answered.catch(() => child.kill());
  });
  const code = await ended;
  await answered;
  if (code !== 0) throw unexpected('ocr-pipeline login box', code, 0);
}

/** Opens a page as a browser does, on this computer and past any proxy; gives the status it ends with. */
async function openPage(address: string, redirectsLeft = MAX_REDIRECTS): Promise<number> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = get(address, { agent: new Agent(), timeout: REQUEST_TIMEOUT_MS }, resolve);
    request
      .on('timeout', () => request.destroy(new Error('The stand-in for Box does not answer.')))
      .on('error', reject);
  });
  response.resume();
  const { location } = response.headers;
  if (location === undefined || redirectsLeft === 0) return response.statusCode ?? 0;
  return openPage(new URL(location, address).href, redirectsLeft - 1);
}

/** Copies the results from the stand-in to where a person can open them; gives the texts by path, in order. */
async function saveResults(emulator: BoxEmulator, folderId: string): Promise<Map<string, string>> {
  const saved = new Map<string, string>();
  for (const { path, id } of emulator.list(folderId)) {
    if (!path.startsWith('OCR/')) continue;
    const target = join(output, path);
    await mkdir(dirname(target), { recursive: true });
    const bytes = await emulator.read(id);
    await writeFile(target, bytes);
    if (path.endsWith('.txt')) saved.set(target, bytes.toString('utf8'));
  }
  return saved;
}

async function tellWhere(saved: ReadonlyMap<string, string>): Promise<void> {
  const [first] = saved;
  if (first === undefined) throw new DemoError('The run ended well, but there is no text in Box.', 1);
  console.log('\nCopies of the results, from Box. Beside each text is its searchable PDF:\n');
  for (const path of saved.keys()) console.log(`    ${shown(path)}`);
  console.log('\nThe report on the run, for a browser:\n');
  for await (const report of glob('runs/*/report.html', { cwd: output }))
    console.log(`    ${shown(join(output, report))}`);
  const [file, text] = first;
  console.log(`\n${basename(file)} begins:\n`);
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  for (const line of lines.slice(0, SHOWN_LINES)) console.log(`    ${line}`);
}

/** As a person here would write it. */
function shown(path: string): string {
  const below = relative(process.cwd(), path);
  return below.startsWith('..') ? path : below;
}

function heading(text: string): void {
  console.log(`\n== ${text}`);
}

const INTRODUCTION = `This is the whole job, from scans in Box to text in Box, with sample scans.

The Box here is a stand-in: a small server on this computer that behaves as Box
does. No account is needed, nothing leaves this computer, and your own settings
and logins are not touched. The program is the real one, and so are its commands
(the lines that begin with $).`;

const OWN_BOX = `The stand-in is gone now, and with it the folders listed above. With your own
Box it is the same, from this folder:

    npx ocr-pipeline login box                        once
    npx ocr-pipeline ls                               find your folder's number
    npx ocr-pipeline run --box-folder NUMBER --lang eng

Logging in needs the ID and secret of a Box app, set up once, by you or by your
research-computing staff: docs/box.md says how. With scans in a folder here:

    npx ocr-pipeline run --input FOLDER --output FOLDER --lang eng`;

async function demonstrate(): Promise<void> {
  // Each demonstration starts anew; the folder is made by this script alone.
  await rm(output, { recursive: true, force: true });
  await mkdir(home, { recursive: true });
  await writeFile(join(home, 'site.yaml'), '');
  console.log(INTRODUCTION);
  await using emulator = await startBoxEmulator();
  const folder = emulator.seedFolder(FOLDER_NAME);
  await emulator.seedDirectory(join(project, 'test/fixtures/demo'), folder.id);
  const environment = demoEnvironment(emulator);

  heading('1. Log in to Box');
  await logIn(environment);
  heading('2. Look at the folder of scans');
  await runCommand(environment, ['ls', `box:${FOLDER_NAME}`]);
  heading('3. Read it. Two of the six are broken on purpose, and will be named');
  const how = ['--lang', 'eng', '--engine', 'tesseract.js', '--work-dir', 'runs'];
  await runCommand(environment, ['run', '--box-folder', folder.id, ...how], SOME_FAILED);
  heading('4. What is in Box now: a folder OCR, beside the scans');
  await runCommand(environment, ['ls', `box:${FOLDER_NAME}`]);
  await runCommand(environment, ['ls', `box:${FOLDER_NAME}/OCR`]);
  await runCommand(environment, ['ls', `box:${FOLDER_NAME}/OCR/Novels`]);

  heading('5. Open it');
  await tellWhere(await saveResults(emulator, folder.id));
  heading('Next');
  console.log(`\n${OWN_BOX}`);
}

try {
  await demonstrate();
} catch (error) {
  if (!(error instanceof DemoError)) throw error;
  console.error(`\nThe demonstration did not end as it should: ${error.message}`);
  process.exitCode = error.exitCode;
} finally {
  // The login was to a Box that is gone.
  await rm(home, { recursive: true, force: true });
}
