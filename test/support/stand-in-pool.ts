import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeRecipe } from '../../src/core/recipe.ts';
import { DEFAULT_LIMITS } from '../../src/core/settings.ts';
import type { AssembleRequest, AssembledFile } from '../../src/stages/assemble.ts';
import type { WorkerCall, WorkerCalls } from '../../src/work/protocol.ts';
import { WorkerPool, type PoolRequest } from '../../src/work/worker-pool.ts';

/** The recipe of runs that read nothing. */
export const EMPTY_RECIPE = makeRecipe(
  { language: 'eng', engine: 'null', mode: 'skip', dpi: 300 },
  { version: '1', models: {} },
  '1',
);

/**
 * Answers in this process what page workers answer: every document has one blank page, and outputs of a few bytes that
 * tell the documents apart. For tests of what happens around the reading.
 */
export class StandInPool extends WorkerPool {
  constructor(size: number) {
    super(new URL('file:///nowhere'), { recipe: EMPTY_RECIPE, limits: DEFAULT_LIMITS }, size);
  }

  override async run<C extends WorkerCall>(wanted: PoolRequest<C>): Promise<WorkerCalls[C]['answer']> {
    return await answer(wanted.call, wanted.request);
  }
}

async function answer(
  call: WorkerCall,
  request: WorkerCalls[WorkerCall]['request'],
): Promise<WorkerCalls[WorkerCall]['answer']> {
  switch (call) {
    case 'inspect':
      return { pageCount: 1, repaired: false };
    case 'read':
      return { pageNumber: 1, state: 'blank', blocks: [] };
    case 'assemble':
      return await assemble(request as AssembleRequest);
    default:
      throw new Error(`the stand-in cannot ${call}`);
  }
}

async function assemble({
  folder,
  formats,
  documentPath,
  sourceSha1,
}: AssembleRequest): Promise<readonly AssembledFile[]> {
  const files: AssembledFile[] = [];
  for (const format of formats) {
    const bytes = Buffer.from(`${format} of ${documentPath} ${sourceSha1}\n`);
    const file = join(folder, `output.${format}`);
    await writeFile(file, bytes);
    files.push({ format, file, sizeBytes: bytes.length, sha1: createHash('sha1').update(bytes).digest('hex') });
  }
  return files;
}
