import { chmod, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MissingDependencyError, PageError, type PipelineError } from '../../src/core/errors.ts';
import { readErrno } from '../../src/core/errno.ts';
import type { PageImage } from '../../src/core/page.ts';
import { tesseractNotStarted } from '../../src/engines/engine-errors.ts';
import { NativeTesseract } from '../../src/engines/tesseract-native.ts';
import { PROBE_IMAGE } from '../../src/engines/tesseract-stream.ts';
import { requireThat } from '../support/requires.ts';
import { ALL_ERRNOS, ALL_SIGNALS, expectSound, systemError } from '../support/system-errors.ts';

/** Those that end a program by default: signal(7). */
const DEADLY = ALL_SIGNALS.filter(
  (signal) => !/^SIG(?:CHLD|CONT|URG|WINCH|STOP|TSTP|TTIN|TTOU|INFO)$/.test(signal) && constants.signals[signal] > 0,
);
const ENDS: readonly (readonly [how: string, line: string])[] = [
  ...Array.from({ length: 256 }, (_, code) => [`code ${code}`, `exit ${code}`] as const),
  ...DEADLY.map((signal) => [signal, `kill -${constants.signals[signal]} $$; sleep 5`] as const),
];
/** The kernel's own words for: past a limit on CPU time, or the size of files. */
const OF_LIMITS = ['SIGXCPU', 'SIGXFSZ'];

const posix = requireThat(process.platform === 'linux', 'only Linux numbers signals so');
const CALM = new AbortController().signal;
const PAGE: PageImage = { ...PROBE_IMAGE, widthPx: 80, heightPx: 80, data: new Uint8Array(6_400).fill(255) };
const OPTIONS = { pageSegMode: 3, mayBeInverted: false };
const IDENTITY = { name: 'tesseract', version: '4.1.1', models: {} };

async function failureOf(program: string): Promise<PipelineError> {
  const engine = new NativeTesseract(program, 'eng', IDENTITY);
  try {
    return await engine.recognize(PAGE, OPTIONS, CALM).then(
      () => expect.fail('it read the page'),
      (error: unknown) => error as PipelineError,
    );
  } finally {
    await engine.close();
  }
}

describe.skipIf(posix.skip)('Tesseract', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tesseract-ends-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** A program that is Tesseract but for how it ends over pages; `ours`: over small ones such as our own, too. */
  async function write(name: string, line: string, ours: boolean): Promise<string> {
    const program = join(folder, name);
    const lines = [
      '#!/bin/sh',
      'case "$1" in',
      "  --version) echo 'tesseract 4.1.1'; exit;;",
      "  --list-langs) printf 'List of available languages (1):\\neng\\n'; exit;;",
      'esac',
      'read -r kind; read -r size',
      ours ? '' : `[ "$size" = "40 40" ] && { echo "<div class='ocr_page'></div>"; exit 0; }`,
      line,
    ];
    await writeFile(program, `${lines.join('\n')}\n`);
    await chmod(program, 0o755);
    return program;
  }

  /** The failures of all ends, by how they end. */
  async function failures(ours: boolean): Promise<(readonly [how: string, error: PipelineError])[]> {
    const few = pLimit(4);
    return await Promise.all(
      ENDS.map(([how, line], index) =>
        few(async () => [how, await failureOf(await write(`${ours ? 'all' : 'page'}-${index}`, line, ours))] as const),
      ),
    );
  }

  it('that ends over a page, and not over one of our own, has met a bad page, whatever it ends with', async () => {
    for (const [how, error] of await failures(false)) {
      const isLimit = OF_LIMITS.includes(how);
      expectSound(error, { scopes: [isLimit ? 'environment' : 'page'], exitCodes: [isLimit ? 69 : 65] });
      expect(error, how).toBeInstanceOf(isLimit ? MissingDependencyError : PageError);
      expect(error.message, how).toMatch(
        how === 'code 0' ? /it gave no result/ : /it ended (?:by SIG[A-Z0-9]+|with code \d+)/,
      );
    }
  }, 120_000);

  it('that ends over a page of our own as well does not work here, and no page is to blame', async () => {
    for (const [how, error] of await failures(true)) {
      expectSound(error, { scopes: ['environment'], exitCodes: [69] });
      expect(error, how).toBeInstanceOf(MissingDependencyError);
      expect(error.code, how).toMatch(/^(?:LIMIT_[A-Z_]+|ENGINE_BROKEN)$/);
    }
  }, 120_000);

  it('that is gone, or nothing that can be run, is told as missing', async () => {
    await writeFile(join(folder, 'plain'), 'x');
    await symlink('loop', join(folder, 'loop'));
    for (const [name, why] of [
      ['gone', /ENOENT/],
      ['plain', /EACCES/],
      ['plain/x', /ENOTDIR/],
      ['.', /EACCES/],
      ['loop', /ELOOP/],
      ['x'.repeat(300), /ENAMETOOLONG/],
    ] as const) {
      const error = await failureOf(join(folder, name));
      expectSound(error, { scopes: ['environment'], exitCodes: [69] });
      expect(error.code).toBe('TESSERACT_MISSING');
      expect(error.message).toMatch(why);
    }
  });
});

describe.each(ALL_ERRNOS)('Tesseract that cannot be started for %s', (_name, number) => {
  it('is never a page’s fault', () => {
    const refusal = systemError(number, { syscall: 'spawn tesseract', path: 'tesseract' });
    const error = tesseractNotStarted('tesseract', refusal);
    const mayPass = ['limit', 'passing', 'room'].includes(readErrno(refusal)?.kind ?? '');
    expectSound(error, { scopes: ['environment'], exitCodes: [mayPass ? 75 : 69] });
    expect(error.message).toContain(`(${readErrno(refusal)?.name})`);
  });
});
