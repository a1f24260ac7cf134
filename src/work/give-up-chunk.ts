import type { Chunk } from '../core/chunk.ts';
import type { ErrorRecord } from '../core/errors.ts';
import type { Disk } from '../files/disk.ts';
import { sealLine } from '../files/ndjson.ts';
import type { ChunkResultLine } from '../runs/page-results.ts';
import { keyOf, readKnown } from './work-chunk.ts';

/**
 * Writes the result file of a chunk that will not be read any further: pages that tries have left are taken over, all
 * others fail with the reason given. Answers with how many those are.
 */
export async function giveUpChunk(
  chunk: Chunk,
  files: { readonly known: readonly string[]; readonly result: string },
  error: ErrorRecord,
  disk: Disk,
): Promise<number> {
  const known = await readKnown(files.known, chunk);
  const lines = [...known.values()];
  for (const { sha1, pageNumbers } of chunk.ranges) {
    for (const pageNumber of pageNumbers) {
      if (known.has(keyOf(sha1, pageNumber))) continue;
      const line: ChunkResultLine = {
        sha1,
        recipe: chunk.recipe.digest,
        page: { pageNumber, state: 'failed', error, blocks: [] },
      };
      lines.push(sealLine(line).trimEnd());
    }
  }
  lines.push(
    sealLine({ trailer: { chunk: chunk.id, pages: lines.length, pagesRead: 0, busyMs: 0, workers: 0 } }).trimEnd(),
  );
  await disk.writeWhole(files.result, `${lines.join('\n')}\n`);
  for (const file of files.known) await disk.remove(file);
  return lines.length - 1 - known.size;
}
