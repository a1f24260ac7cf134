import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { startBoxEmulator } from '../../../box-emulator/box-emulator.ts';
import { settingsFor } from '../box-harness.ts';
import { HANG_MS } from '../../../support/hang.ts';

const run = promisify(execFile);
const SIZE_BYTES = 192 * 1024 * 1024;
/** The process without any file has about 110 MB, its threads and buffers the rest; the file held once would be past it. */
const MAX_RSS_BYTES = 270 * 1024 * 1024;

async function makeLargeFile(file: string): Promise<string> {
  const hash = createHash('sha1');
  const handle = await open(file, 'w');
  try {
    const block = Buffer.alloc(1024 * 1024);
    for (let index = 0; index < SIZE_BYTES / block.length; index++) {
      block.writeUInt32LE(index, 0);
      hash.update(block);
      await handle.write(block);
    }
  } finally {
    await handle.close();
  }
  return hash.digest('hex');
}

describe('large files', () => {
  it.each(['in parts', 'at once'])('go down and, %s, up in memory that does not depend on their size', async (way) => {
    const folder = await mkdtemp(join(tmpdir(), 'large-files-'));
    const emulator = await startBoxEmulator({ maxDirectUploadBytes: 2 * SIZE_BYTES, tempFolder: folder });
    try {
      const file = join(folder, 'large.pdf');
      const sha1 = await makeLargeFile(file);
      const source = emulator.seedFolder('Scans');
      await emulator.seedFile('large.pdf', { file }, { parentId: source.id });
      const settings = settingsFor(emulator, { chunkFromBytes: way === 'in parts' ? 20_000_000 : 10 * SIZE_BYTES });
      const given = { settings, folderId: source.id, token: emulator.issueTokens().access_token, scratch: folder };
      const entry = join(dirname(fileURLToPath(import.meta.url)), '../transport/copying-process.ts');
      const { stdout } = await run(process.execPath, [entry], {
        env: { ...process.env, NO_PROXY: '127.0.0.1', BOX_TEST: JSON.stringify(given) },
        timeout: HANG_MS,
      });
      const answer = JSON.parse(stdout) as { sha1: string; maxRssBytes: number };
      expect(answer.sha1).toBe(sha1);
      expect(
        emulator
          .list(source.id)
          .filter((stored) => stored.sha1 === sha1)
          .map((stored) => stored.path),
      ).toEqual(['OCR/copy.pdf', 'large.pdf']);
      expect(emulator.requests.count('part')).toBe(way === 'in parts' ? SIZE_BYTES / (8 * 1024 * 1024) : 0);
      expect(answer.maxRssBytes).toBeLessThan(MAX_RSS_BYTES);
      expect(emulator.checks()).toEqual([]);
    } finally {
      await emulator.close();
      await rm(folder, { recursive: true, force: true });
    }
  });
});
