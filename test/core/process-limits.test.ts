import { describe, expect, it } from 'vitest';
import { parseLimits, suspectLimit, type WorkerEnd } from '../../src/core/process-limits.ts';

const TABLE = (rows: Record<string, string>): string =>
  [
    'Limit                     Soft Limit           Hard Limit           Units     ',
    ...Object.entries({
      'cpu time': 'unlimited',
      'file size': 'unlimited',
      processes: '96364',
      'open files': '1024',
      'address space': 'unlimited',
      ...rows,
    }).map(([name, value]) => `Max ${name.padEnd(21)} ${value.padEnd(20)} unlimited            x`),
  ].join('\n');

describe('the limit that ends workers', () => {
  const suspect = (end: Partial<WorkerEnd>, rows: Record<string, string> = {}) =>
    suspectLimit({ words: '', ...end }, parseLimits(TABLE(rows)));

  it.each([
    [
      'memory of addresses',
      { signal: 'SIGTRAP', words: 'Fatal process out of memory: reserve' },
      { 'address space': '2048000000' },
      'MEMORY',
      'memory (ulimit -v 2000000)',
    ],
    [
      'memory of addresses, without a word',
      { signal: 'SIGSEGV' },
      { 'address space': '2048000000' },
      'MEMORY',
      'memory (ulimit -v 2000000)',
    ],
    ['memory of a control group', { signal: 'SIGKILL' }, {}, 'MEMORY', 'memory'],
    ['the same, told by a shell', { exitCode: 137 }, {}, 'MEMORY', 'memory'],
    ['processes', { startError: 'EAGAIN' }, { processes: '40' }, 'PROCESSES', 'processes (ulimit -u 40)'],
    ['threads', { words: 'uv_thread_create: Resource temporarily unavailable' }, {}, 'PROCESSES', 'processes'],
    ['open files', { startError: 'EMFILE' }, { 'open files': '64' }, 'FILES', 'open files (ulimit -n 64)'],
    ['open files of the whole machine', { startError: 'ENFILE' }, {}, 'FILES', 'open files'],
    ['CPU time', { signal: 'SIGXCPU' }, { 'cpu time': '5' }, 'CPU_TIME', 'CPU time (ulimit -t 5)'],
    [
      'the size of files',
      { signal: 'SIGXFSZ' },
      { 'file size': '1048576' },
      'FILE_SIZE',
      'the size of files (ulimit -f 1024)',
    ],
  ])('is named: %s', (_what, end, rows, kind, name) => {
    expect(suspect(end, rows as Record<string, string>)).toMatchObject({ kind, name });
  });

  it('is none where nothing points to one', () => {
    expect(suspect({ signal: 'SIGSEGV' })).toBeUndefined();
    expect(suspect({ exitCode: 1, words: 'TypeError: x is not a function' })).toBeUndefined();
  });
});
