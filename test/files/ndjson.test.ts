import { describe, expect, it } from 'vitest';
import { parseLine, sealLine } from '../../src/files/ndjson.ts';
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
