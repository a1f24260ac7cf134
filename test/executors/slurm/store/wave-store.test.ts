import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ChunkResults } from '../../../../src/executors/slurm/store/chunk-results.ts';
import { NO_HISTORY, WaveStore, type Wave } from '../../../../src/executors/slurm/store/wave-store.ts';
import { realDisk } from '../../../../src/files/disk.ts';
import { sealLine } from '../../../../src/files/ndjson.ts';
import { flipBits } from '../../../files/flip-bits.ts';
import { LIMITS, RECIPE } from '../../../work/pool-setup.ts';

const chunk = (id: string) => ({ id, ranges: [{ sha1: 'a'.repeat(40), file: '/scans/a.pdf', pageNumbers: [1, 2] }] });
const WAVE: Wave = {
  wave: 3,
  recipe: RECIPE,
  limits: LIMITS,
  minutes: 60,
  environment: { LANG: 'C' },
  tasks: [0, 1].map((index) => ({ index, chunks: [{ ...chunk(`c${index}`), history: NO_HISTORY }] })),
};

describe('what was ordered from a cluster', () => {
  let folder: string;
  let store: WaveStore;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'waves-'));
    store = new WaveStore(folder, realDisk);
    await store.plan(WAVE, 4);
  });
  afterEach(async () => {
    await store.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('is read as it was written', async () => {
    expect(await store.read(3)).toEqual(WAVE);
    expect((await store.readTask(3, 1))?.task).toEqual(WAVE.tasks[1]);
    expect(await store.readTask(3, 2)).toBeUndefined();
  });

  it('with any bit flipped is never taken for another order: it is sound, or not there', async () => {
    const file = store.ordersFile(3);
    const { tasks: _, ...header } = WAVE;
    for (const flipped of flipBits(await readFile(file), 7)) {
      await writeFile(file, flipped);
      const wave = await store.read(3);
      if (wave) expect(wave).toMatchObject(header);
      for (const task of wave?.tasks ?? []) expect(task).toMatchObject(WAVE.tasks[task.index] ?? {});
      const order = await store.readTask(3, 1);
      if (order) expect(order).toMatchObject({ header, task: WAVE.tasks[1] });
    }
  });

  it('is known, and no number given out twice, whichever line of the journal is damaged', async () => {
    await store.submitted(3, '4711');
    await store.collected(['c0'], { pagesRead: 2, busyMs: 900 });
    const file = join(folder, 'journal.ndjson');
    const text = await readFile(file);
    expect(await store.load()).toMatchObject({ waves: [{ wave: 3, jobId: '4711', ended: false }] });
    for (const flipped of flipBits(text)) {
      await writeFile(file, flipped);
      const { waves, done, measured } = await store.load();
      expect(waves.map(({ wave }) => wave)).toEqual([3]);
      expect([[], ['c0']]).toContainEqual([...done]);
      expect(measured.pagesRead).toBe(done.size * 2);
    }
  });

  it('of an older version, without seals, is taken as it is', async () => {
    const { tasks, ...header } = WAVE;
    const lines = [header, ...tasks].map((line) => JSON.stringify(line));
    await writeFile(store.ordersFile(3), `${lines.join('\n')}\n`);
    expect(await store.read(3)).toEqual(WAVE);
  });
});

describe('the results of a chunk', () => {
  it('whose last line is damaged count as not whole, and are read again', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'results-'));
    try {
      const file = join(folder, 'c0.ndjson');
      const trailer = { chunk: 'c0', pages: 2, pagesRead: 2, busyMs: 900, workers: 1 };
      const line = Buffer.from(sealLine({ trailer }).trimEnd());
      const wanted = { ...chunk('c0'), recipe: RECIPE, limits: LIMITS };
      for (const flipped of flipBits(line, 3)) {
        await writeFile(file, flipped);
        const results = new ChunkResults(folder, realDisk);
        await results.list();
        const found = await results.trailerOf(wanted);
        if (found) expect(found).toEqual(trailer);
      }
      await writeFile(file, line);
      const results = new ChunkResults(folder, realDisk);
      await results.list();
      expect(await results.trailerOf(wanted)).toEqual(trailer);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
