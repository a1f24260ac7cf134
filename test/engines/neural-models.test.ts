import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { areNeuralModels } from '../../src/engines/neural-models.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'models-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A traineddata file of no more than its table, with these components. */
async function writeModel(name: string, components: readonly number[], count = 24): Promise<string> {
  const table = Buffer.alloc(4 + count * 8);
  table.writeUInt32LE(count, 0);
  for (let component = 0; component < count; component++) {
    table.writeBigInt64LE(components.includes(component) ? BigInt(table.length) : -1n, 4 + component * 8);
  }
  const file = join(folder, name);
  await writeFile(file, table);
  return file;
}

test('models of the neural network alone are told from those that learn as they read', async () => {
  const neural = await writeModel('neural', [17, 18, 19, 20, 21, 22, 23]);
  const both = await writeModel('both', [1, 3, 4, 5, 17, 21]);
  const old = await writeModel('old', [1, 3, 4, 5], 11);
  expect(await areNeuralModels([neural])).toBe(true);
  expect(await areNeuralModels([neural, neural])).toBe(true);
  expect(await areNeuralModels([both])).toBe(false);
  expect(await areNeuralModels([old])).toBe(false);
  expect(await areNeuralModels([neural, both])).toBe(false);
});

test('what cannot be told counts as learning', async () => {
  const odd = join(folder, 'odd');
  await writeFile(odd, 'PK\u0003\u0004 something else altogether');
  const cut = join(folder, 'cut');
  await writeFile(cut, Buffer.from([24, 0, 0, 0, 1, 2, 3]));
  for (const file of [odd, cut, join(folder, 'nothing')]) expect(await areNeuralModels([file])).toBe(false);
  expect(await areNeuralModels([])).toBe(false);
});
