import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CLUSTER_CHUNKS, countPages, LOCAL_CHUNKS, packChunks } from '../../src/core/pack-chunks.ts';

const documents = fc
  .array(fc.uniqueArray(fc.integer({ min: 1, max: 2000 }), { minLength: 1, maxLength: 400 }), { maxLength: 12 })
  .map((all) =>
    all.map((numbers, index) => ({ sha1: String(index), file: 'f', pageNumbers: numbers.toSorted((a, b) => a - b) })),
  );

describe('chunks', () => {
  for (const rule of [LOCAL_CHUNKS, CLUSTER_CHUNKS]) {
    it(`hold every page once, in order, at most ${rule.maxPages} in each`, () => {
      fc.assert(
        fc.property(documents, (ranges) => {
          const chunks = packChunks(ranges, rule);
          for (const { sha1, pageNumbers } of ranges) {
            expect(
              chunks
                .flat()
                .filter((part) => part.sha1 === sha1)
                .flatMap((part) => part.pageNumbers),
            ).toEqual(pageNumbers);
          }
          for (const chunk of chunks) expect(countPages(chunk)).toBeLessThanOrEqual(rule.maxPages);
          expect(countPages(chunks.flat())).toBe(countPages(ranges));
        }),
      );
    });
  }

  it('are shared by small documents, where that is asked for', () => {
    const letters = Array.from({ length: 40 }, (_, index) => ({
      sha1: String(index),
      file: 'f',
      pageNumbers: [1, 2, 3],
    }));
    expect(packChunks(letters, CLUSTER_CHUNKS).map((chunk) => chunk.length)).toEqual([33, 7]);
    expect(packChunks(letters, LOCAL_CHUNKS)).toHaveLength(40);
  });

  it('cut a book into even parts', () => {
    const book = { sha1: 'a', file: 'f', pageNumbers: Array.from({ length: 201 }, (_, index) => index + 1) };
    expect(packChunks([book], CLUSTER_CHUNKS).map((chunk) => countPages(chunk))).toEqual([67, 67, 67]);
  });
});
