import type { RunProgress } from '../../../src/core/progress.ts';

/** A run in its middle, as in the design's picture. */
export const MIDDLE: RunProgress = {
  run: 'marduk-7f3a01',
  source: { name: 'Scans/Marduk', id: '163928374651' },
  at: '2024-05-02T13:54:02.000Z',
  startedAt: '2024-05-02T13:09:02.000Z',
  host: 'here',
  pid: 77,
  phase: 'working',
  where: 'this computer',
  workers: 16,
  documents: { total: 212, fetched: 212, assembled: 98, delivered: 95, failed: 0, leftOut: 2 },
  pages: { total: 12_480, estimatedTotal: 12_480, done: 7_212, failed: 0, faint: 41 },
  bytes: { total: 38_200_000_000, fetched: 38_200_000_000, delivered: 1_900_000_000 },
  pagesPerMinute: 160.4,
  secondsLeft: [31 * 60, 36 * 60],
  reading: [
    { document: 'Koldewey_1899_v2.pdf', pageNumber: 120 },
    { document: 'Koldewey_1899_v2.pdf', pageNumber: 118 },
    { document: 'Koldewey_1899_v2.pdf', pageNumber: 119 },
    { document: 'Koldewey_1899_v2.pdf', pageNumber: 121 },
  ],
  lookAt: 1,
};

/** The same run just begun: nothing is known yet. */
export const BEGINNING: RunProgress = {
  ...MIDDLE,
  at: '2024-05-02T13:09:04.000Z',
  phase: 'listing',
  documents: { total: 40, fetched: 1, assembled: 0, delivered: 0, failed: 0, leftOut: 0 },
  pages: { total: 0, estimatedTotal: 0, done: 0, failed: 0, faint: 0 },
  bytes: { total: 1_000_000, fetched: 25_000, delivered: 0 },
  pagesPerMinute: undefined,
  secondsLeft: undefined,
  reading: [],
  lookAt: 0,
};
