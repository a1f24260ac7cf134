import { expect, test } from 'vitest';
import { ProgressMeter } from '../../src/core/progress-meter.ts';

test('pages that a cluster has read count before their chunk is complete, and never twice', () => {
  const meter = new ProgressMeter(0);
  meter.opened('a.pdf', 3, 1_000);
  expect(meter.read(1).pages).toMatchObject({ done: 0, total: 3 });
  meter.readElsewhere(2);
  expect(meter.read(2).pages).toMatchObject({ done: 2, total: 3 });
  for (const pageNumber of [1, 2, 3]) meter.pageRead('a.pdf', { pageNumber, state: 'done', blocks: [] }, 3);
  expect(meter.read(3).pages).toMatchObject({ done: 3, total: 3 });
  meter.readElsewhere(0);
  expect(meter.read(4).pages).toMatchObject({ done: 3, total: 3 });
});
