import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findTool, requireAll, requireCorpus } from './requires.ts';

const PROJECT = resolve(import.meta.dirname, '../..');
const VITEST = join(PROJECT, 'node_modules/vitest/vitest.mjs');
const REQUIRES = JSON.stringify(join(PROJECT, 'test/support/requires.ts'));

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'requires-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Outcome {
  readonly exitCode: number | null;
  readonly output: string;
  readonly counts: unknown;
}

/** Runs one test file in a project of its own with the reporter of this project. */
function runTests(name: string, body: string, env: NodeJS.ProcessEnv, args: readonly string[] = []): Outcome {
  const root = join(folder, name);
  mkdirSync(join(root, 'test'), { recursive: true });
  writeFileSync(join(root, 'test/sample.test.ts'), `import { describe, test, expect } from 'vitest';\n${body}`);
  writeFileSync(
    join(root, 'vitest.config.ts'),
    `export { default } from ${JSON.stringify(join(PROJECT, 'vitest.config.ts'))};\n`,
  );
  const counts = join(root, 'counts.json');
  const { status, stdout, stderr } = spawnSync(process.execPath, [VITEST, 'run', '--root', root, ...args], {
    encoding: 'utf8',
    timeout: 50_000,
    env: { ...process.env, CI: '', NO_COLOR: '1', VITEST: undefined, OCR_TEST_COUNTS: counts, ...env },
  });
  const written: unknown = existsSync(counts) ? JSON.parse(readFileSync(counts, 'utf8')) : undefined;
  return { exitCode: status, output: stdout + stderr, counts: written };
}

const NEEDS_A_TOOL = `
import { requireTools } from ${REQUIRES};
const need = requireTools(['no-such-tool-anywhere']);
describe.skipIf(need.skip)('with the tool', () => { test('a', () => expect(1).toBe(2)); test('b', () => {}); });
test('without', () => {});
`;

describe('a test that names its needs', () => {
  test('is skipped where they are not met, and the reason is printed', () => {
    const { exitCode, output, counts } = runTests('lacking', NEEDS_A_TOOL, {});
    expect(output).toContain('2 skipped: not installed: no-such-tool-anywhere');
    expect(output).toContain('2 in test/sample.test.ts');
    expect(exitCode).toBe(0);
    expect(counts).toEqual({ passed: 1, failed: 0, skipped: 2 });
  });

  test('fails the run on a build server', () => {
    const { exitCode, output, counts } = runTests('lacking-ci', NEEDS_A_TOOL, { CI: 'true' });
    expect(output).toContain('2 skipped tests count as failed: CI is set');
    expect(exitCode).toBe(1);
    expect(counts).toEqual({ passed: 1, failed: 2, skipped: 2 });
  });

  test('skipped without a reason it fails the run', () => {
    const { exitCode, output } = runTests('silent', `test.skip('a', () => {}); test('b', () => {});`, {});
    expect(output).toContain('no reason given');
    expect(exitCode).toBe(1);
  });

  test('skipped by a name pattern it does not', () => {
    const body = `test('wanted', () => {}); test('other', () => {});`;
    const { exitCode, output } = runTests('pattern', body, { CI: 'true' }, ['-t', 'wanted']);
    expect(output).not.toContain('no reason given');
    expect(exitCode).toBe(0);
  });

  test('that did not run because its suite could not be set up is no skip', () => {
    const body = `
import { beforeAll } from 'vitest';
describe('x', () => { beforeAll(() => { throw new Error('no'); }); describe('y', () => { test('a', () => {}); }); });`;
    const { exitCode, output, counts } = runTests('set-up', body, {});
    expect(output).not.toContain('no reason given');
    expect(exitCode).toBe(1);
    expect(counts).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });

  test('a file that cannot be loaded counts as failed', () => {
    const { exitCode, counts } = runTests('broken', `throw new Error('broken file');`, {});
    expect(exitCode).toBe(1);
    expect(counts).toMatchObject({ passed: 0, failed: 1 });
  });
});

describe('requirements', () => {
  test('combine: one that is not met is enough, and all reasons are named', () => {
    const met = { skip: false, reason: '' };
    const lacking = { skip: true, reason: 'no x' };
    expect(requireAll(met, met)).toEqual(met);
    expect(requireAll(met, lacking, { skip: true, reason: 'no y' })).toEqual({ skip: true, reason: 'no x; no y' });
  });

  test('find commands on the PATH, and nothing else', () => {
    expect(findTool('node')).toMatch(/node$/);
    expect(findTool('no-such-tool-anywhere')).toBeUndefined();
  });

  test('know where the corpus would be', () => {
    expect(requireCorpus('accuracy').folder).toBe(resolve(PROJECT, '../shared/corpus/dev/accuracy'));
  });
});
