import { DEFAULT_LIMITS } from '../../src/core/settings.ts';
import type { RunRecord } from '../../src/runs/run-store.ts';
import { RECIPE } from '../work/pool-setup.ts';

/** A run of nothing in particular. */
export const RECORD: RunRecord = {
  name: 'scans-0a1b2c',
  createdAt: '2026-01-01T00:00:00.000Z',
  programVersion: '1.0.0',
  source: { kind: 'local', name: 'scans', ids: ['/scans'] },
  destination: { kind: 'local', name: 'out', ids: ['/out'] },
  settings: {
    language: 'eng',
    engine: 'null',
    mode: 'skip',
    dpi: 300,
    formats: ['txt'],
    onConflict: 'stop',
    match: [],
    recursive: true,
    limits: DEFAULT_LIMITS,
  },
  recipe: RECIPE,
};
