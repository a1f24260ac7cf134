import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BIN, cleanEnvironment } from '../cli/run-cli.ts';
import { makeScan } from './make-scan.ts';
import { HANG_MS } from '../support/hang.ts';

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

describe('a run that meets trouble', () => {
  let base: string;
  let args: readonly string[];
  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'faults-'));
    await mkdir(join(base, 'in'));
    for (const [index, name] of ['a.pdf', 'b.pdf', 'z.pdf'].entries())
      await writeFile(join(base, 'in', name), makeScan(2, index + 1));
    const places = ['--input', join(base, 'in'), '--output', join(base, 'out'), '--work-dir', join(base, 'runs')];
    args = ['run', ...places, '--engine', 'null', '--jobs', '1'];
  });
  afterEach(() => rm(base, { recursive: true, force: true }));

  function start(program: string, words: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const child = spawn(program, words, {
      env: { ...cleanEnvironment(base), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ended = Promise.all([once(child, 'exit'), text(child.stdout), text(child.stderr)]).then(
      ([[code], stdout, stderr]): Ended => ({ code: code as number | null, stdout, stderr }),
    );
    return { child, ended };
  }

  const runFolder = async (): Promise<string> => {
    const [name = ''] = (await readdir(join(base, 'runs'))).filter((each) => /^in-[0-9a-f]+$/.test(each));
    return join(base, 'runs', name);
  };

  it('goes on with the others when one PDF is moved away under its hands', async () => {
    const { ended } = start(process.execPath, [BIN, ...args], { OCR_PIPELINE_NULL_DELAY_MS: '500' });
    // All have been hashed, and pages of the first are being read.
    await vi.waitFor(
      async () => {
        const ledger = await readFile(join(await runFolder(), 'ledger.ndjson'), 'utf8');
        expect(ledger.match(/"type":"fetched"/g)).toHaveLength(3);
      },
      { timeout: HANG_MS, interval: 20 },
    );
    await rename(join(base, 'in', 'z.pdf'), join(base, 'z.pdf'));
    const { code, stdout, stderr } = await ended;
    expect(stderr + stdout).not.toContain('defect');
    expect(code, stderr).toBe(65);
    expect(stdout).toMatch(/Failed +z\.pdf .*z\.pdf is no longer there\.\s+\[SOURCE_GONE\]/);
    expect((await readdir(join(base, 'out'))).filter((name) => name.endsWith('.txt'))).toEqual(['a.txt', 'b.txt']);
  });

  it('makes anew what was removed by hand, and names the odd run beside it', async () => {
    expect(await start(process.execPath, [BIN, ...args]).ended).toMatchObject({ code: 0 });
    for (const name of ['fetched', 'chunks']) await rm(join(await runFolder(), name), { recursive: true });
    await mkdir(join(base, 'runs', 'odd-run'));
    await writeFile(join(base, 'runs', 'odd-run', 'run.json'), '{"name":"odd-run"}');
    await writeFile(join(base, 'in', 'new.pdf'), makeScan(1, 9));
    const { code, stdout, stderr } = await start(process.execPath, [BIN, ...args]).ended;
    expect(code, stderr).toBe(0);
    expect(stdout).toContain('All 4 documents are complete');
    expect(stderr).toMatch(/Left out: .*odd-run\/run\.json does not hold all that a run is made of/);
    const status = await start(process.execPath, [BIN, 'status', '--work-dir', join(base, 'runs')]).ended;
    expect(status).toMatchObject({ code: 0 });
    expect(status.stderr).toMatch(/Left out: .*odd-run.*\[RUN_DAMAGED\]/);
  });

  it('says that files may not be larger where that is limited', async () => {
    const script = 'ulimit -f 2; exec "$@"';
    const words = ['-c', script, 'bash', process.execPath, BIN, ...args, '--formats', 'pdf'];
    const { code, stderr } = await start('bash', words).ended;
    expect(stderr).toContain('a limit on file sizes');
    expect(stderr).not.toContain('defect');
    expect(code).toBe(74);
  });

  const moduleOf = (path: string): string => JSON.stringify(new URL(`../../src/${path}`, import.meta.url).href);
  const asNobody = process.getuid?.() === 0;
  const me = asNobody ? 'root' : '\\S+';

  /** Does things as somebody who may not read what this test closed, and tells the errors: code, exit code, words. */
  async function refusals(...calls: readonly string[]): Promise<string> {
    if (asNobody) for (const folder of [base, join(base, 'in')]) await chmod(folder, 0o755);
    const script = `import { RunFolder } from ${moduleOf('runs/run-folder.ts')};
      import { secureRunFolder } from ${moduleOf('runs/run-privacy.ts')};
      import { listRuns } from ${moduleOf('app/find-runs.ts')};
      if (${asNobody}) process.setuid(65534);
      for (const look of [${calls.map((call) => `() => ${call}`).join()}])
        await look().catch(({ code, exitCode, message }) => console.log(code, exitCode, message));`;
    const { stdout, stderr } = await start(process.execPath, ['--input-type=module', '-e', script]).ended;
    return stdout + stderr;
  }

  it('says whose the run folder is that may not be read', async () => {
    expect(await start(process.execPath, [BIN, ...args]).ended).toMatchObject({ code: 0 });
    const [folder, runs] = [await runFolder(), join(base, 'runs')];
    await chmod(folder, 0o000);
    await chmod(runs, 0o755);
    const told = await refusals(`RunFolder.open(${JSON.stringify(folder)})`, `listRuns(${JSON.stringify(runs)})`);
    await chmod(folder, 0o700);
    expect(told).toMatch(
      new RegExp(`^(?:RUN_NOT_READABLE 77 The run folder .+ belongs to ${me}, and you may not read it\\.\\n){2}$`),
    );
  });

  it('says whose the work folder is that may not be looked into, and never that it holds no runs', async () => {
    expect(await start(process.execPath, [BIN, ...args]).ended).toMatchObject({ code: 0 });
    const [folder, runs] = [await runFolder(), join(base, 'runs')];
    await chmod(runs, 0o000);
    const told = await refusals(
      `listRuns(${JSON.stringify(runs)})`,
      `RunFolder.open(${JSON.stringify(folder)})`,
      `secureRunFolder(${JSON.stringify(folder)})`,
    );
    await chmod(runs, 0o700);
    const words = `WORK_DIR_NOT_READABLE 77 The work folder ${runs} belongs to ${me}, and you may not read it\\.`;
    expect(told).toMatch(new RegExp(`^(?:${words}\\n){3}$`));
  });
});
