import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const SCRIPT = join(import.meta.dirname, 'read-with-data.ts');

describe('tesseract.js with language data that it cannot use', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'language-data-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it.each([
    ['no archive', Buffer.from('x')],
    ['something else', gzipSync(Buffer.from('garbage'.repeat(1_000)))],
    ['nothing', gzipSync(Buffer.alloc(0))],
    ['gone', undefined],
  ])('says so at once, and blames no page: %s', async (_what, bytes) => {
    if (bytes) await writeFile(join(folder, 'eng.traineddata.gz'), bytes);
    const { stdout } = await run(process.execPath, [SCRIPT, folder]);
    expect(JSON.parse(stdout)).toMatchObject({
      code: 'ENGINE_BROKEN',
      scope: 'environment',
      exitCode: 69,
      message: 'tesseract.js does not start.',
      why: expect.stringMatching(/^It says: .+ Its language data may be damaged, or missing\.$/) as string,
    });
  });
});
