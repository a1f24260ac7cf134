import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HANG_MS } from '../support/hang.ts';

const PROJECT = resolve(import.meta.dirname, '../..');
const SCRIPT = join(PROJECT, 'scripts/demo.ts');
const TEXTS = [
  "Darwin's Origin of Species.txt",
  'Lincoln at Gettysburg.txt',
  'Novels/Für $1 - Dickens, Melville.txt',
  'Thoreau and Austen.txt',
];

interface Ended {
  readonly code: number | null;
  readonly said: string;
}

/** Runs the demonstration in a process group of its own; `hear` is told all it has said so far. */
function runDemo(
  folder: string,
  environment: NodeJS.ProcessEnv,
  hear?: (said: string, group: number) => void,
): Promise<Ended> {
  const env = { PATH: process.env['PATH'], ...environment };
  const child = spawn(process.execPath, [SCRIPT, folder], {
    cwd: folder,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: HANG_MS,
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (child.pid !== undefined) hear?.(said, child.pid);
    });
  }
  return new Promise((settle, reject) => {
    child.on('error', reject).on('close', (code) => settle({ code, said }));
  });
}

/** The share of the words of `expected` that `text` has. */
function wordsFound(expected: string, text: string): number {
  const words = expected.match(/\p{L}+/gu) ?? [];
  const there = new Set(text.match(/\p{L}+/gu));
  return words.filter((word) => there.has(word)).length / words.length;
}

describe('the demonstration', () => {
  let folder = '';
  let personal = '';
  let ended: Ended = { code: null, said: '' };

  /** A person with settings and a login that would spoil everything if they were looked at. */
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'demo-'));
    personal = join(folder, 'person/.config/ocr-pipeline');
    mkdirSync(personal, { recursive: true });
    writeFileSync(join(personal, 'config.yaml'), 'no-such-setting: 1\n');
    writeFileSync(join(personal, 'box.json'), 'the login of a person', { mode: 0o600 });
    ended = await runDemo(folder, {
      HOME: join(folder, 'person'),
      BOX_DEVELOPER_TOKEN: 'a token of the person',
      OCR_PIPELINE_LANG: 'no such language',
      HTTPS_PROXY: 'http://127.0.0.1:9',
      HTTP_PROXY: 'http://127.0.0.1:9',
      NODE_USE_ENV_PROXY: '1',
    });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('ends well, though two samples are broken, which it names', () => {
    expect(ended.code, ended.said).toBe(0);
    expect(ended.said).toContain('4 of 6 documents are complete; 2 failed');
    expect(ended.said).toMatch(/Locked letter\.pdf .*locked with a password/);
    expect(ended.said).toMatch(/Torn copy\.pdf .*damaged/);
  });

  test('logs in, runs on a Box folder, and shows the results in Box', () => {
    expect(ended.said).toContain('a small server on this computer');
    expect(ended.said).toContain('[ok] Logged in to Box as');
    expect(ended.said).toMatch(/\$ ocr-pipeline run --box-folder \d+ --lang eng/);
    expect(ended.said).toMatch(/2 folders, 5 PDFs .* in "Old books"/);
    expect(ended.said).toMatch(/\d kB {2}Für \$1 - Dickens, Melville\.pdf\n/);
    expect(ended.said).toContain('npx ocr-pipeline login box');
    expect(ended.said).toMatch(/demo-output\/runs\/\S+\/report\.html\n/);
  });

  test.each(TEXTS)('leaves %s for a person to open, with what is on the scan, beside a PDF', (name) => {
    const file = join(folder, 'demo-output/OCR', name);
    expect(ended.said).toContain(`demo-output/OCR/${name}\n`);
    const truth = readFileSync(join(PROJECT, 'test/fixtures/demo-truth', name), 'utf8');
    expect(wordsFound(truth, readFileSync(file, 'utf8'))).toBeGreaterThan(0.95);
    expect(readFileSync(file.replace(/txt$/, 'pdf')).subarray(0, 5).toString()).toBe('%PDF-');
  });

  test('says what the README shows of it', () => {
    const readme = readFileSync(join(PROJECT, 'README.md'), 'utf8');
    const excerpt = /^ {4}\$ ocr-pipeline login box\n(?: {4}.*\n)+/m.exec(readme)?.[0] ?? '';
    const lines = excerpt
      .split('\n')
      .map((line) => line.slice(4))
      .filter((line) => line !== '');
    expect(lines.length).toBeGreaterThan(5);
    expect(lines.filter((line) => !ended.said.includes(line))).toEqual([]);
  });

  test("touches nothing of the person's and keeps no login", () => {
    expect(readdirSync(folder).sort()).toEqual(['demo-output', 'person']);
    const persons = readdirSync(join(folder, 'person'), { recursive: true, encoding: 'utf8' }).sort();
    expect(persons).toEqual([
      '.config',
      '.config/ocr-pipeline',
      '.config/ocr-pipeline/box.json',
      '.config/ocr-pipeline/config.yaml',
    ]);
    expect(readFileSync(join(personal, 'box.json'), 'utf8')).toBe('the login of a person');
    expect(readdirSync(join(folder, 'demo-output')).sort()).toEqual(['OCR', 'runs']);
  });

  test('keeps what it says itself within 80 columns', () => {
    // Commands, lines of the run's log, and names with IDs are as long as they are.
    const asLong = /^(?:\$ |(?:\d\d:){2}\d\d )|\(\d+\)$/;
    const own = ended.said.split('\n').filter((line) => !asLong.test(line) && !line.includes(folder));
    expect(own.filter((line) => line.length > 80)).toEqual([]);
  });
});

describe('the demonstration, stopped with Ctrl-C while it reads', () => {
  test(
    'stops the run tidily, says that it did not end, and is not a success',
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'demo-'));
      try {
        let stopped = false;
        const { code, said } = await runDemo(folder, {}, (sofar, group) => {
          if (stopped || !/run \S+ started/.test(sofar)) return;
          stopped = true;
          process.kill(-group, 'SIGINT');
        });
        expect(code, said).toBe(75);
        expect(said).toContain('did not end as it should: ocr-pipeline run ended with exit code 75');
        expect(existsSync(join(folder, 'demo-output/OCR'))).toBe(false);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
    HANG_MS,
  );
});
