import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, globSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TesseractStream } from '../../src/engines/tesseract-stream.ts';
import { makeFolder, PROJECT, runCli, type CliResult } from '../cli/run-cli.ts';
import { builtImage, IMAGE_TIMEOUT_MS, requireApptainer } from '../support/built-image.ts';
import { requireAll, requireLanguages, requireTools } from '../support/requires.ts';
import { HANG_MS } from '../support/hang.ts';

const need = requireAll(requireApptainer(), requireTools(['setpriv', 'unshare', 'objdump']), requireLanguages(['eng']));
const LANGUAGES = ['deu', 'ell', 'eng', 'fra', 'frk', 'grc', 'ita', 'lat', 'spa'];
/** What an ordinary user is: no rights, no group, no network, nothing in the environment but what is named. */
const NOBODY = [
  '-n',
  'setpriv',
  '--reuid',
  'nobody',
  '--regid',
  'nogroup',
  '--clear-groups',
  'env',
  '-i',
  `PATH=${process.env['PATH']}`,
];

describe.skipIf(need.skip)('the image', () => {
  let image: string;
  let folder: string;
  let unpacked: string;
  beforeAll(async () => {
    folder = makeFolder();
    chmodSync(folder, 0o777);
    image = await builtImage();
    unpacked = join(folder, 'unpacked');
    const { code, stderr } = await asNobody([`HOME=${folder}`], ['run', image, 'unpack', unpacked]);
    expect(code, stderr).toBe(0);
  }, IMAGE_TIMEOUT_MS);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function asNobody(
    environment: readonly string[],
    args: readonly string[],
    program = 'apptainer',
  ): Promise<CliResult> {
    return start('unshare', [
      ...NOBODY,
      ...environment,
      program,
      ...(program === 'apptainer' ? ['--silent'] : []),
      ...args,
    ]);
  }

  function start(program: string, args: readonly string[]): Promise<CliResult> {
    const child = spawn(program, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], timeout: HANG_MS });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
    });
  }

  function readArgs(name: string): string[] {
    const places = [
      '--input',
      join(folder, 'scans'),
      '--output',
      join(folder, name),
      '--work-dir',
      join(folder, `${name}-runs`),
    ];
    return ['run', ...places, '--lang', 'eng', '--formats', 'txt,hocr,pdf', '--jobs', '1', '--progress', 'none'];
  }

  /** Digest of each output file. */
  function outputs(name: string): Record<string, string> {
    const files = readdirSync(join(folder, name)).filter((file) => /\.(txt|hocr|pdf)$/.test(file));
    return Object.fromEntries(files.map((file) => [file, sha256(readFileSync(join(folder, name, file)))]));
  }

  function sha256(bytes: Uint8Array): string {
    return createHash('sha256').update(bytes).digest('hex');
  }

  test('passes its own tests: text as by the package of Debian, all languages, all libraries', async () => {
    const { code, stdout, stderr } = await start('apptainer', ['test', image]);
    expect(code, stderr).toBe(0);
    expect(stdout).toContain('tesseract-x86-64: 5 pages as Debian');
    expect(stdout).toContain('all tests of the image passed');
  });

  describe('reads as this computer does, for an ordinary user without network', () => {
    beforeAll(async () => {
      const scans = join(folder, 'scans');
      mkdirSync(scans);
      for (const name of ['scan-3-pages', 'twelve-pages', 'rotated-90']) {
        const copied = spawnSync('cp', [join(PROJECT, `test/fixtures/${name}.pdf`), scans]);
        expect(copied.status).toBe(0);
      }
      mkdirSync(join(folder, 'read-only-home'));
      chmodSync(join(folder, 'read-only-home'), 0o555);
      const here = await runCli([...readArgs('here'), '--tesseract', '/usr/bin/tesseract']);
      expect(here.code, here.stderr).toBe(0);
      expect(Object.keys(outputs('here'))).toHaveLength(9);
    });

    test.each<[title: string, environment: (folder: string) => string[], how: (folder: string) => string[]]>([
      ['apptainer run, no home directory set', () => [], () => ['run']],
      ['apptainer run, a home directory that is missing', () => ['HOME=/nonexistent'], () => ['run']],
      [
        'apptainer run, a home directory that cannot be written',
        (folder) => [`HOME=${folder}/read-only-home`],
        () => ['run'],
      ],
      [
        'apptainer run --containall',
        (folder) => [`HOME=${folder}`],
        (folder) => ['run', '--containall', '--bind', folder],
      ],
      ['apptainer exec --cleanenv', (folder) => [`HOME=${folder}`, 'OMP_THREAD_LIMIT=4'], () => ['exec', '--cleanenv']],
    ])('%s', async (title, environment, how) => {
      const name = title.replaceAll(/\W+/g, '-');
      const [verb = '', ...options] = how(folder);
      const command = verb === 'exec' ? ['ocr-pipeline'] : [];
      const { code, stderr } = await asNobody(environment(folder), [
        verb,
        ...options,
        image,
        ...command,
        ...readArgs(name),
      ]);
      expect(code, stderr).toBe(0);
      expect(outputs(name)).toEqual(outputs('here'));
    });

    test('the program unpacked from it, on a computer without Node.js', async () => {
      const environment = [`HOME=${folder}`, 'PATH=/usr/bin:/bin'];
      const { code, stderr } = await asNobody(environment, readArgs('outside'), join(unpacked, 'bin/ocr-pipeline'));
      expect(code, stderr).toBe(0);
      expect(outputs('outside')).toEqual(outputs('here'));
    });
  });

  test('cannot be changed by who runs it', async () => {
    const { code } = await asNobody([`HOME=${folder}`], ['exec', image, 'sh', '-c', 'touch /opt/ocr-pipeline/x']);
    expect(code).not.toBe(0);
  });

  test('says what it reads with, for programs', async () => {
    const { code, stdout } = await asNobody([], ['exec', image, 'ocr-pipeline', 'languages', '--json']);
    expect(code).toBe(0);
    const { engines } = JSON.parse(stdout) as {
      engines: readonly { name: string; languages: readonly string[]; openMp?: boolean; orientation: boolean }[];
    };
    const tesseract = engines.find(({ name }) => name === 'tesseract');
    expect(tesseract).toMatchObject({ available: true, orientation: true, openMp: false });
    expect(tesseract?.languages).toEqual(LANGUAGES);
    const limit = await asNobody([], ['exec', '--cleanenv', image, 'sh', '-c', 'echo $OMP_THREAD_LIMIT']);
    expect(limit.stdout).toBe('1\n');
  });

  test('carries a true manifest, and its versions and licences as labels', async () => {
    const { version } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as { version: string };
    const manifest = JSON.parse(readFileSync(join(unpacked, 'manifest.json'), 'utf8')) as {
      engine: { models: Record<string, string>; version: string };
    };
    expect(manifest).toMatchObject({ program: { name: 'ocr-pipeline', version }, node: process.versions.node });
    expect(Object.keys(manifest.engine.models)).toEqual([...LANGUAGES, 'osd'].toSorted());
    for (const [code, digest] of Object.entries(manifest.engine.models)) {
      expect(digest).toBe(sha256(readFileSync(join(unpacked, 'tesseract/share/tessdata', `${code}.traineddata`))));
    }
    const said = await start(join(unpacked, 'tesseract/bin/tesseract'), ['--version']);
    expect(said.stdout).toMatch(new RegExp(`^tesseract ${manifest.engine.version.replaceAll('.', '\\.')}$`, 'm'));
    expect(said.stdout).not.toContain('OpenMP');
    const labels = await start('apptainer', ['inspect', '--labels', image]);
    expect(labels.stdout).toContain(`org.opencontainers.image.version: ${version}`);
    expect(labels.stdout).toContain(`ocr-pipeline.tesseract: ${manifest.engine.version}\n`);
    expect(labels.stdout).toContain('org.opencontainers.image.licenses: Apache-2.0');
    for (const name of ['libc6', 'gcc', 'node', 'tesseract-ocr-data'])
      expect(existsSync(join(unpacked, 'licences', name)), name).toBe(true);
  });

  test('is unpacked whole or not at all', async () => {
    const again = await asNobody([`HOME=${folder}`], ['run', image, 'unpack', unpacked]);
    expect(again.code).toBe(74);
    expect(again.stderr).toContain('NAME_TAKEN');
    const unnamed = await asNobody([`HOME=${folder}`], ['run', image, 'unpack']);
    expect(unnamed.code).toBe(64);
    expect(readdirSync(folder).filter((name) => name.includes('.new.'))).toEqual([]);
  });

  test('what is unpacked runs with a C library of 2018', () => {
    const files = ['node/bin/node', 'app/node_modules/**/*.node', 'app/node_modules/**/*.so*'].flatMap((pattern) =>
      globSync(pattern, { cwd: unpacked }),
    );
    expect(files.length).toBeGreaterThan(3);
    for (const file of files) {
      const { stdout } = spawnSync('objdump', ['-T', join(unpacked, file)], {
        encoding: 'utf8',
        maxBuffer: 64_000_000,
      });
      const minors = [...stdout.matchAll(/GLIBC_2\.(\d+)/g)].map(([, minor]) => Number(minor));
      expect(Math.max(...minors), file).toBeLessThanOrEqual(28);
    }
  });

  test('its Tesseract is recognised by doctor, and reads page after page', async () => {
    const tesseract = join(unpacked, 'tesseract/bin/tesseract');
    const { code, stdout } = await runCli(['doctor', 'tesseract', '--tesseract', tesseract]);
    expect(code, stdout).toBe(0);
    expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(/compiled for speed \(x86-64(-v3)?, no OpenMP\)/);
    const stock = await runCli(['doctor', 'tesseract', '--tesseract', '/usr/bin/tesseract']);
    expect(stock.stdout).not.toContain('compiled for speed (');
    const settings = ['-l', 'eng', '--psm', '3', '-c', 'tessedit_create_hocr=1'];
    await using stream = await TesseractStream.start(tesseract, settings, 1_000_000, AbortSignal.timeout(HANG_MS));
    expect(stream?.usable).toBe(true);
  });
});
