import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openEngine } from '../../src/engines/find-engines.ts';
import { spoolBytes } from '../../src/engines/spool-bytes.ts';
import { requireAll, requireLanguages, requireThat } from '../support/requires.ts';
import { drawTextPage } from './text-page.ts';
import { HANG_MS } from '../support/hang.ts';

const linux = requireThat(process.platform === 'linux', 'only Linux opens /dev/stdin anew');
const native = requireAll(linux, requireLanguages(['eng']));

describe.skipIf(linux.skip)('bytes in a file without a name', () => {
  let folder = '';
  const before = process.env['TMPDIR'];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'spool-'));
    process.env['TMPDIR'] = folder;
  });
  afterEach(async () => {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
    await rm(folder, { recursive: true, force: true });
  });

  test('are all there, and the folder stays empty', async () => {
    const handle = await spoolBytes([Buffer.from('P5\n'), Buffer.alloc(3_000_000, 7)]);
    expect(await readdir(folder)).toEqual([]);
    try {
      expect((await handle?.stat())?.size).toBe(3_000_003);
    } finally {
      await handle?.close();
    }
  });

  test('are not there where the folder is not', async () => {
    process.env['TMPDIR'] = join(folder, 'nothing');
    expect(await spoolBytes([Buffer.from('x')])).toBeUndefined();
  });

  test.skipIf(native.skip)('are read by Tesseract as through a pipe, word for word', async () => {
    const page = await drawTextPage({ lines: ['He lit the second lamp.'], widthPt: 200, heightPt: 90, dpi: 200 });
    const engine = await openEngine('tesseract', 'eng');
    const read = async (): Promise<unknown> =>
      await engine.recognize(page, { pageSegMode: 3, mayBeInverted: false }, AbortSignal.timeout(HANG_MS));
    try {
      const spooled = await read();
      expect(JSON.stringify(spooled)).toContain('lamp.');
      expect(await readdir(folder)).toEqual([]);
      process.env['TMPDIR'] = join(folder, 'nothing');
      expect(await read()).toEqual(spooled);
    } finally {
      await engine.close();
    }
  });
});
