import { describe, expect, it } from 'vitest';
import { MissingDependencyError, PageError, type PipelineError } from '../../src/core/errors.ts';
import { readErrno } from '../../src/core/errno.ts';
import type { WorkerEnd } from '../../src/core/process-limits.ts';
import { blameBreakage } from '../../src/work/blame-breakage.ts';
import { WorkerBrokeError } from '../../src/work/page-worker.ts';
import { WorkerHealth } from '../../src/work/worker-health.ts';
import { ALL_ERRNOS, ALL_SIGNALS, expectSound, systemError } from '../support/system-errors.ts';

const AT = { call: 'read', step: 'rasterize', timeoutMs: 1_000 } as const;

/** A document that broke three workers in this way. */
function broke(end: WorkerEnd): WorkerBrokeError {
  const blame = blameBreakage('crash', AT, end, 100);
  return new WorkerBrokeError({ breakage: 'crash', step: 'rasterize', wasFresh: true, end, blame });
}

/** Who is blamed where workers read others well, or not even a page of our own. */
async function blamed(end: WorkerEnd, others: 'work' | 'break'): Promise<PipelineError> {
  const failure = new PageError('PAGE_CRASHED', 'A page of our own makes the program break.');
  const health = new WorkerHealth(() => Promise.resolve(others === 'break' ? failure : undefined));
  if (others === 'work') health.worked();
  const error = broke(end);
  return await health.blame(error, 'a.pdf').then(
    () => error.blame,
    (reason: unknown) => reason as PipelineError,
  );
}

const CODES = Array.from({ length: 256 }, (_, code) => ({ what: `code ${code}`, end: { exitCode: code, words: '' } }));
const SIGNALS = ALL_SIGNALS.map((signal) => ({ what: signal, end: { signal, words: '' } }));
/** The kernel's own words for: past a limit on CPU time, or the size of files. */
const OF_LIMITS = ['SIGXCPU', 'SIGXFSZ', 'code 152', 'code 153'];

describe.each([...CODES, ...SIGNALS])('a page worker that ends with $what', ({ what, end }) => {
  it('is its page’s doing where others are read, unless the system says that it is a limit', async () => {
    const error = await blamed(end, 'work');
    const isLimit = OF_LIMITS.includes(what);
    expectSound(error, { scopes: [isLimit ? 'environment' : 'page'], exitCodes: [isLimit ? 69 : 65] });
    expect(error.advice.why).toMatch(/\S/);
  });

  it('is no page’s doing where a page of our own ends so too', async () => {
    const error = await blamed(end, 'break');
    expect(error).toBeInstanceOf(MissingDependencyError);
    expectSound(error, { scopes: ['environment'], exitCodes: [69] });
    expect(error.code).toMatch(/^(?:LIMIT_[A-Z_]+|WORKERS_BREAK)$/);
    expect(error.advice.why).toMatch(/\S/);
  });
});

describe.each(ALL_ERRNOS)('a page worker that cannot be started for %s', (_name, number) => {
  it('is no page’s doing', async () => {
    const startError = readErrno(systemError(number))?.name;
    for (const others of ['work', 'break'] as const) {
      const error = await blamed({ startError, words: '' }, others);
      expect(error).toBeInstanceOf(MissingDependencyError);
      expectSound(error, { scopes: ['environment'], exitCodes: [69] });
      expect(`${error.message} ${error.advice.why}`).toMatch(/limit|start/);
    }
  });
});
