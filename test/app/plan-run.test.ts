import { chmodSync, mkdirSync, readdirSync, writeFileSync, cpSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { planRun } from '../../src/app/plan-run.ts';
import type { PlanProgress } from '../../src/core/run-estimate.ts';
import type { RunRequest } from '../../src/core/run-request.ts';
import { DEFAULT_LIMITS } from '../../src/core/settings.ts';
import { makeFolder, PROJECT } from '../cli/run-cli.ts';
import { NO_BOX } from '../e2e/run-support.ts';
import { requireLanguages } from '../support/requires.ts';

const FIXTURES = join(PROJECT, 'test', 'fixtures');
const tesseract = requireLanguages(['eng']);

function request(input: string, output: string, more: Partial<RunRequest> = {}): RunRequest {
  return {
    source: { kind: 'local', paths: [input] },
    destination: { kind: 'local', folder: output },
    workDir: join(output, '..', 'runs'),
    jobs: 1,
    box: NO_BOX,
    executor: { kind: 'local' },
    engine: 'null',
    settings: {
      language: 'eng',
      mode: 'skip',
      dpi: 300,
      formats: ['txt', 'pdf'],
      onConflict: 'stop',
      match: [],
      recursive: true,
      limits: DEFAULT_LIMITS,
    },
    ...more,
  };
}

/** A folder with two PDFs, one of them damaged, and something else. */
function makeScans(): { scans: string; output: string } {
  const folder = makeFolder();
  const scans = join(folder, 'scans');
  mkdirSync(scans);
  cpSync(join(FIXTURES, 'born-digital.pdf'), join(scans, 'good.pdf'));
  cpSync(join(FIXTURES, 'damaged.pdf'), join(scans, 'bad.pdf'));
  writeFileSync(join(scans, 'notes.txt'), 'x');
  return { scans, output: join(folder, 'text') };
}

const { signal } = new AbortController();

describe('a plan', () => {
  it('says at once that it is being made, and how far it is', async () => {
    const { scans, output } = makeScans();
    const seen: PlanProgress[] = [];
    const made = planRun(request(scans, output), signal, (progress) => seen.push(progress));
    // Before anything was looked at.
    expect(seen).toEqual([{ step: 'looking', done: 0 }]);
    await made;
    expect(seen.map(({ step }) => step)).toEqual(expect.arrayContaining(['listing', 'opening', 'reading']));
    expect(seen).toContainEqual({ step: 'opening', done: 2, total: 2 });
  });

  it('counts no results of what cannot be read, names what is left out and what is taken, and the room', async () => {
    const { scans, output } = makeScans();
    mkdirSync(output);
    writeFileSync(join(output, 'good.txt'), "somebody's");
    const plan = await planRun(request(scans, output), signal);
    expect(plan.failures).toHaveLength(1);
    expect(plan.outputs).toMatchObject({ perFormat: 1, namesTaken: 1, taken: ['good.txt'] });
    expect(plan.outputs.neededBytes).toBeGreaterThan(0);
    expect(plan.outputs.freeBytes).toBeGreaterThan(0);
    expect(plan.leftOut).toMatchObject([{ entries: 1, paths: ['notes.txt'] }]);
    // Nothing was made.
    expect(readdirSync(join(output, '..')).sort()).toEqual(['scans', 'text']);
  });

  it('of nothing is no plan', async () => {
    const folder = makeFolder();
    mkdirSync(join(folder, 'empty'));
    await expect(planRun(request(join(folder, 'empty'), join(folder, 'out')), signal)).rejects.toMatchObject({
      code: 'NO_PDFS',
      exitCode: 66,
    });
  });

  it('ends where results could not be put down', async (context) => {
    if (process.getuid?.() === 0) context.skip('root may write everywhere');
    const { scans, output } = makeScans();
    mkdirSync(output);
    chmodSync(output, 0o555);
    await expect(planRun(request(scans, join(output, 'new')), signal)).rejects.toMatchObject({
      code: 'OUTPUT_NOT_WRITABLE',
      exitCode: 74,
    });
  });

  it.skipIf(tesseract.skip)('shows the words its sample pages gave', async () => {
    const folder = makeFolder();
    const scan = join(FIXTURES, 'demo');
    const asked = request(scan, join(folder, 'out'), { engine: 'tesseract' });
    const plan = await planRun(asked, signal);
    expect(plan.samples?.length).toBeGreaterThan(0);
    for (const { text, pageNumber } of plan.samples ?? []) {
      expect(text.split(' ').length).toBeLessThanOrEqual(16);
      expect(text).toMatch(/[a-z]{3}/i);
      expect(pageNumber).toBeGreaterThan(0);
    }
  });
});
