import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { findUnitTests } from '../support/unit-tests.ts';

test('the quick check has the rules of the program in it, and nothing that needs a tool or starts a program', () => {
  const files = findUnitTests(resolve(import.meta.dirname, '../..'));
  expect(files).toEqual(expect.arrayContaining(['test/core/plan-session.test.ts', 'test/session/ownership.test.ts']));
  expect(files.filter((file) => /e2e|lab|containers|doctor-slurm|ocr-engine|launcher/.test(file))).toEqual([]);
  expect(files.length).toBeGreaterThan(40);
});

test('a test that starts a program through a helper is no unit test', () => {
  const root = mkdtempSync(join(tmpdir(), 'unit-tests-'));
  try {
    for (const folder of ['test/core', 'test/e2e', 'test/support']) mkdirSync(join(root, folder), { recursive: true });
    const write = (file: string, text: string): void => writeFileSync(join(root, file), text);
    write('test/core/pure.test.ts', `import { same } from '../support/same.ts';`);
    write('test/core/starts.test.ts', `import { start } from '../support/start.ts';`);
    write('test/core/needs.test.ts', `import { requireTools } from '../support/requires.ts';`);
    write('test/e2e/whole.test.ts', '');
    write('test/support/same.ts', `import { start } from './types.ts';`);
    write('test/support/types.ts', `import { same } from './same.ts';`);
    write('test/support/start.ts', `import { spawn } from 'node:child_process';`);
    write('test/support/requires.ts', '');
    expect(findUnitTests(root)).toEqual(['test/core/pure.test.ts']);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
