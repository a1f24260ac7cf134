import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startBoxEmulator, type BoxEmulator } from '../box-emulator/box-emulator.ts';
import { BIN, cleanEnvironment, makeFolder, runCli, type CliResult } from '../cli/run-cli.ts';
import { makeScan } from './make-scan.ts';

describe('from a Box folder and back', () => {
  let emulator: BoxEmulator;
  let folder: { id: string };
  let home: string;
  let token: string;
  const environment = (): Record<string, string> => ({
    ...cleanEnvironment(home),
    NO_PROXY: '127.0.0.1',
    OCR_PIPELINE_BOX_API_URL: emulator.apiUrl,
    OCR_PIPELINE_BOX_UPLOAD_URL: emulator.uploadUrl,
    OCR_PIPELINE_BOX_ACCOUNT_URL: emulator.oauthUrl,
    BOX_DEVELOPER_TOKEN: token,
  });
  const run = (...more: string[]): Promise<CliResult> =>
    runCli(['run', '--box-folder', folder.id, '--engine', 'null', '--jobs', '2', '--progress', 'none', ...more], {
      env: environment(),
      cwd: home,
    });
  const outputs = (): { path: string; sha1: string; versionCount: number }[] =>
    emulator
      .list(folder.id)
      .filter(({ path }) => path.startsWith('OCR/'))
      .map(({ path, sha1, versionCount }) => ({ path, sha1, versionCount }));

  /** The report of the only run. */
  const lastReport = async (): Promise<string> => {
    const [name = ''] = await readdir(join(home, 'ocr-runs'));
    return readFile(join(home, 'ocr-runs', name, 'report.html'), 'utf8');
  };

  beforeEach(async () => {
    emulator = await startBoxEmulator();
    home = makeFolder();
    folder = emulator.seedFolder('Scans/Marduk');
    emulator.seedFolder('Scans/Marduk/Letters');
    await emulator.seedFile('Scans/Marduk/Koldewey.pdf', makeScan(3, 1));
    await emulator.seedFile("Scans/Marduk/Letters/O'Neil $5 ü.pdf", makeScan(2, 2));
    await emulator.seedFile('Scans/Marduk/notes.txt', 'no scan');
    await emulator.seedFile('Scans/Marduk/torn.pdf', 'not a PDF at all');
    token = emulator.issueTokens().access_token;
  });
  afterEach(async () => {
    expect(emulator.defects).toEqual([]);
    expect(emulator.checks()).toEqual([]);
    await emulator.close();
    await rm(home, { recursive: true, force: true });
  });

  const EXPECTED = [
    'OCR/Koldewey.pdf',
    'OCR/Koldewey.txt',
    "OCR/Letters/O'Neil $5 ü.pdf",
    "OCR/Letters/O'Neil $5 ü.txt",
  ];

  it('puts results into a folder OCR of the source, in the same tree, and says where', async () => {
    const { code, stdout, stderr } = await run();
    expect(code, stderr).toBe(65);
    expect(
      outputs()
        .map(({ path }) => path)
        .sort(),
    ).toEqual(EXPECTED);
    expect(stdout).toContain('2 of 3 documents are complete');
    expect(stdout).toContain('Scans/Marduk/OCR');
    const { id } = emulator.seedFolder('Scans/Marduk/OCR');
    expect(stdout).toContain(
      `On Box      Scans/Marduk/OCR: 2 .txt, 2 searchable .pdf\n             https://app.box.com/folder/${id}`,
    );
    expect(await lastReport()).toContain(`<a href="https://app.box.com/folder/${id}">`);
  });

  it.each([
    ['stop', { 'OCR/Koldewey.txt': 1 }, 'mine', /Koldewey\.pdf [^[]*\[NAME_TAKEN\][^]*add\s+--on-conflict rename/],
    [
      'rename',
      { 'OCR/Koldewey.txt': 1, 'OCR/Koldewey (2).txt': 1, 'OCR/Koldewey.pdf': 1 },
      'mine',
      /2 of 3 documents are complete/,
    ],
    ['version', { 'OCR/Koldewey.txt': 2, 'OCR/Koldewey.pdf': 1 }, 'ours', /2 of 3 documents are complete/],
    ['skip', { 'OCR/Koldewey.txt': 1, 'OCR/Koldewey.pdf': 1 }, 'mine', /2 of 3 documents are complete/],
  ] as const)('treats a file of somebody else as --on-conflict %s says', async (policy, expected, whose, said) => {
    const theirs = await emulator.seedFile('Scans/Marduk/OCR/Koldewey.txt', 'mine');
    const { stdout, stderr } = await run('--on-conflict', policy);
    expect(stdout, stderr).toMatch(said);
    const versions = Object.fromEntries(
      outputs().flatMap(({ path, versionCount }) => (path.includes('Koldewey') ? [[path, versionCount]] : [])),
    );
    if (policy === 'stop') expect(versions).toMatchObject(expected);
    else expect(versions).toEqual(expected);
    const now = outputs().find(({ path }) => path === 'OCR/Koldewey.txt');
    expect(now?.sha1 === theirs.sha1 ? 'mine' : 'ours').toBe(whose);
  });

  it('counts the pages that another computer has read, so that all add up', async () => {
    await run();
    await rm(join(home, 'ocr-runs'), { recursive: true, force: true });
    await emulator.seedFile('Scans/Marduk/new.pdf', makeScan(4, 7));
    const plan = await runCli(['plan', '--box-folder', folder.id, '--engine', 'null'], {
      env: environment(),
      cwd: home,
    });
    const { stdout, stderr } = await run();
    expect(plan.stdout, plan.stderr).toContain('To do      1 PDF, 4 pages');
    expect(plan.stdout).toContain('Done       2 PDFs, 5 pages by an earlier run');
    expect(stdout, stderr).toMatch(/Pages {7}4 read, 5 done before on another computer/);
    const json = JSON.parse((await run('--json')).stdout) as { counts: { pages: Record<string, number> } };
    expect(json.counts.pages).toEqual({
      known: 9,
      done: 4,
      blank: 0,
      keptText: 0,
      failed: 0,
      elsewhere: 5,
      waiting: 0,
      faint: 0,
    });
    expect(await lastReport()).toMatch(/done elsewhere<\/th><td class="n">5</);
    const status = await runCli(['status'], { env: environment(), cwd: home });
    expect(status.stdout).toContain('9/9');
  });

  it('plans from a few of many scans, and says that it has not opened the others', async () => {
    for (let number = 1; number <= 9; number++)
      await emulator.seedFile(`Scans/Marduk/more ${number}.pdf`, makeScan(2, 20 + number));
    const { code, stdout, stderr } = await runCli(['plan', '--box-folder', folder.id, '--engine', 'null'], {
      env: environment(),
      cwd: home,
    });
    expect(code, stderr).toBe(0);
    expect(emulator.requests.count('download')).toBe(5);
    expect(stdout).toMatch(/To do {6}1[12] PDFs, about \d+ pages/);
    expect(stdout).toContain('7 PDFs not opened: taken to be like the others');
  });

  it('makes a folder for results that is named by its path, once it may; a number must be there', async () => {
    const asked = ['--box-output-folder', 'box:Results/Of Marduk'];
    const plan = await runCli(['plan', '--box-folder', folder.id, '--engine', 'null', ...asked], {
      env: environment(),
      cwd: home,
    });
    expect(plan.code, plan.stderr).toBe(0);
    expect(plan.stdout).toContain('box:Results/Of Marduk');
    expect(emulator.requests.count('folder-create')).toBe(0);
    emulator.requests.clear();
    emulator.setRole('0', 'viewer');
    const refused = await run(...asked);
    expect(refused).toMatchObject({ code: 77 });
    expect(refused.stderr).toContain('[BOX_NO_WRITE]');
    expect(emulator.requests.count('folder-create') + emulator.requests.count('content')).toBe(0);
    emulator.setRole('0', 'owner');
    const { code, stdout, stderr } = await run(...asked);
    expect(code, stderr).toBe(65);
    const made = emulator.seedFolder('Results/Of Marduk');
    expect(emulator.list(made.id)).toHaveLength(4);
    expect(stdout).toContain(`https://app.box.com/folder/${made.id}`);
    // Named by its number from then on: the same run goes on.
    const again = await run(...asked);
    expect(again.code, again.stderr).toBe(65);
    expect(emulator.list(made.id).every(({ versionCount }) => versionCount === 1)).toBe(true);
    expect(await readdir(join(home, 'ocr-runs'))).toHaveLength(1);
    const number = await run('--box-output-folder', '999999');
    expect(number).toMatchObject({ code: 77 });
    expect(number.stderr).toContain('[BOX_FOLDER_NOT_FOUND]');
    expect(number.stderr).toContain('--box-output-folder "box:NAME"');
  });

  it('does nothing again, here or on another machine that knows nothing', async () => {
    await run();
    const first = outputs();
    await rm(join(home, 'ocr-runs'), { recursive: true, force: true });
    emulator.requests.clear();
    const { code, stdout, stderr } = await run();
    expect(code, stderr).toBe(65);
    expect(stdout).toContain('2 of 3 documents are complete');
    expect(outputs()).toEqual(first);
    // The torn one is tried again; nothing else is downloaded, nothing uploaded.
    expect(emulator.requests.count('upload')).toBe(0);
    expect(emulator.requests.count('download')).toBeLessThanOrEqual(1);
  });

  it('makes a new version of its own result, and leaves the files of others alone', async () => {
    await run();
    const { stderr } = await run('--lang', 'deu');
    const versions = Object.fromEntries(outputs().map(({ path, versionCount }) => [path, versionCount]));
    expect(versions['OCR/Koldewey.txt'], stderr).toBeLessThanOrEqual(2);
    await emulator.seedFile('Scans/Marduk/new.pdf', makeScan(1, 5));
    await emulator.seedFile('Scans/Marduk/OCR/new.txt', 'mine');
    const again = await run();
    expect(again.stdout).toContain('NAME_TAKEN');
    const mine = emulator.list(folder.id).find(({ path }) => path === 'OCR/new.txt');
    expect(mine?.versionCount).toBe(1);
  });

  it('goes on after kill -9 without doubling or losing anything', async () => {
    for (let n = 0; n < 4; n++) {
      const args = [BIN, 'run', '--box-folder', folder.id, '--engine', 'null', '--jobs', '1', '--progress', 'none'];
      const env = { ...environment(), OCR_PIPELINE_NULL_DELAY_MS: '200' };
      const child = spawn(process.execPath, args, { env, cwd: home, stdio: 'ignore' });
      setTimeout(() => child.kill('SIGKILL'), 900 + n * 350);
      await once(child, 'close');
    }
    const { code, stderr } = await run();
    expect(code, stderr).toBe(65);
    expect(
      outputs()
        .map(({ path }) => path)
        .sort(),
    ).toEqual(EXPECTED);
    expect(outputs().every(({ versionCount }) => versionCount === 1)).toBe(true);
  });

  it('stops resumable when the login ends, and keeps what is read', async () => {
    emulator.faults.add({ endpoint: 'upload', nth: 1, effect: { kind: 'act', act: () => emulator.revokeLogins() } });
    const { code, stderr } = await run();
    expect(code, stderr).toBe(77);
    token = emulator.issueTokens().access_token;
    const again = await run();
    expect(again.code, again.stderr).toBe(65);
    expect(
      outputs()
        .map(({ path }) => path)
        .sort(),
    ).toEqual(EXPECTED);
  });

  it('takes Box in and a folder out, and the other way round', async () => {
    const out = join(home, 'out');
    const { code, stderr } = await run('--output', out);
    expect(code, stderr).toBe(65);
    expect((await readdir(out)).sort()).toEqual(['Koldewey.pdf', 'Koldewey.txt', 'Letters']);
    const scans = join(home, 'scans');
    await mkdir(join(scans, 'Letters'), { recursive: true });
    for (const [index, name] of ['Koldewey.pdf', "Letters/O'Neil $5 ü.pdf"].entries())
      await writeFile(join(scans, name), makeScan(1, index + 1));
    const target = emulator.seedFolder('Results');
    const back = await runCli(
      [
        'run',
        '--input',
        scans,
        '--box-output-folder',
        'box:Results',
        '--engine',
        'null',
        '--formats',
        'txt',
        '--progress',
        'none',
      ],
      { env: environment(), cwd: home },
    );
    expect(back.code, back.stderr).toBe(0);
    expect(
      emulator
        .list(target.id)
        .map(({ path }) => path)
        .sort(),
    ).toEqual(['Koldewey.txt', "Letters/O'Neil $5 ü.txt"]);
  });

  it('leaves no secret in anything it writes or prints', async () => {
    const { stdout, stderr } = await run('--log-level', 'debug');
    const written: string[] = [stdout, stderr];
    for (const entry of await readdir(home, { recursive: true, withFileTypes: true })) {
      if (entry.isFile()) written.push(await readFile(join(entry.parentPath, entry.name), 'latin1'));
    }
    for (const secret of [...emulator.secrets(), token])
      expect(written.some((text) => text.includes(secret))).toBe(false);
  });

  it('says what a wrong folder or a missing right means', async () => {
    const wrong = await runCli(['run', '--box-folder', '999999', '--progress', 'none'], {
      env: environment(),
      cwd: home,
    });
    expect(wrong).toMatchObject({ code: 77 });
    expect(wrong.stderr).toContain('[BOX_FOLDER_NOT_FOUND]');
    emulator.setRole(folder.id, 'viewer');
    const viewer = await run();
    expect(viewer).toMatchObject({ code: 77 });
    expect(viewer.stderr).toContain('[BOX_NO_WRITE]');
  });
});
