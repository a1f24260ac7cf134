import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseLine, readLines, sealLine, type FileLine } from '../../src/files/ndjson.ts';
import { flipBits } from './flip-bits.ts';

describe('a sealed line', () => {
  const value = { pageNumber: 7, text: 'Ärger, "crc32"', nested: { list: [1, 2.5, null] } };
  const line = sealLine(value).trimEnd();

  it('is read as it was written', () => {
    expect(parseLine(line)).toEqual(value);
    expect(sealLine(value)).toMatch(/\}\n$/);
  });

  it('of which any bit is flipped is not taken for another', () => {
    expect.hasAssertions();
    for (const flipped of flipBits(Buffer.from(line))) {
      const read = parseLine<object>(flipped.toString('utf8'));
      // Where the seal itself was hit, it is a line of an older version: what it says is still what was written.
      if (read !== undefined) expect(read).toMatchObject(value);
    }
  });

  it('that is cut anywhere is no line', () => {
    for (let length = 0; length < line.length; length++) expect(parseLine(line.slice(0, length))).toBeUndefined();
  });

  it('of an older version, without a seal, is taken as it is', () => {
    expect(parseLine(JSON.stringify(value))).toEqual(value);
  });
});

describe('lines of a file', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lines-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('are all there, with their places, however long they are', async () => {
    const lines = ['', 'ä', 'x'.repeat(1 << 18), 'y'.repeat((1 << 19) + 3), 'the last, without an end'];
    await writeFile(join(folder, 'lines'), lines.join('\n'));
    const found = await all(readLines(join(folder, 'lines')));
    expect(found.map(({ text }) => text)).toEqual(lines);
    const offsets = lines.map((_line, index) =>
      Buffer.byteLength(
        lines
          .slice(0, index)
          .map((each) => `${each}\n`)
          .join(''),
      ),
    );
    expect(found.map(({ offset }) => offset)).toEqual(offsets);
  });

  it.skipIf(process.platform === 'win32')(
    'are none where there is no file, a folder, or a named pipe to which nobody writes',
    async () => {
      const put = { nothing: () => undefined, folder: mkdir, pipe: (path: string) => execFileSync('mkfifo', [path]) };
      const told: string[] = [];
      for (const [name, make] of Object.entries(put)) {
        await make(join(folder, name));
        const lines = readLines(join(folder, name), ({ problem }) => told.push(problem));
        expect(await all(lines)).toEqual([]);
      }
      expect(told).toEqual(['is a folder, not a file', 'is a named pipe, not a file']);
    },
  );
});

async function all(lines: AsyncIterable<FileLine>): Promise<FileLine[]> {
  const found: FileLine[] = [];
  for await (const line of lines) found.push(line);
  return found;
}
