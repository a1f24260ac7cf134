import { expect, test } from 'vitest';
import { Ownership } from '../../src/session/ownership.ts';

test('results of earlier runs and of this one are ours, others are not', () => {
  const ownership = new Ownership(['from-earlier']);
  ownership.add(['from-now']);
  expect(['from-earlier', 'from-now', 'of-somebody'].map((sha1) => ownership.isOurs(sha1))).toEqual([
    true,
    true,
    false,
  ]);
});

test('documents of the same content are worked on one after the other, also when the first fails', async () => {
  const ownership = new Ownership([]);
  const steps: string[] = [];
  const first = Promise.withResolvers<void>();
  const works = [
    ownership.alone('same', async () => {
      steps.push('first begins');
      await first.promise;
      steps.push('first ends');
      throw new Error('bad document');
    }),
    ownership.alone('same', async () => void steps.push('second')),
    ownership.alone('other', async () => void steps.push('other')),
  ];
  expect(ownership.isWorkedOn('same')).toBe(true);
  await works[2];
  expect(steps).toEqual(['first begins', 'other']);
  first.resolve();
  const results = await Promise.allSettled(works);
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
  expect(steps).toEqual(['first begins', 'other', 'first ends', 'second']);
  expect(ownership.isWorkedOn('same')).toBe(false);
});
