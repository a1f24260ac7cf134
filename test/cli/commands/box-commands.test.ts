import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { readFileSync, statSync, writeFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startBoxEmulator, type BoxEmulator } from '../../box-emulator/box-emulator.ts';
import { requireTools } from '../../support/requires.ts';
import { showScreen } from '../memory-terminal.ts';
import { BIN, cleanEnvironment, installed, makeFolder, runCli, type CliResult } from '../run-cli.ts';
import { HANG_MS } from '../../support/hang.ts';

const pseudoTerminal = requireTools(['script']);

describe('Box on the command line', () => {
  let emulator: BoxEmulator;
  let home: string;
  let environment: Record<string, string>;

  beforeEach(async () => {
    emulator = await startBoxEmulator();
    home = makeFolder();
    environment = {
      ...cleanEnvironment(home),
      // No program of the person's opens a browser.
      PATH: installed(),
      NO_PROXY: '127.0.0.1',
      OCR_PIPELINE_BOX_API_URL: emulator.apiUrl,
      OCR_PIPELINE_BOX_UPLOAD_URL: emulator.uploadUrl,
      OCR_PIPELINE_BOX_ACCOUNT_URL: emulator.oauthUrl,
      OCR_PIPELINE_BOX_CLIENT_ID: emulator.clientId,
      OCR_PIPELINE_BOX_CLIENT_SECRET: emulator.clientSecret,
    };
  });
  afterEach(() => emulator.close());

  const loginFile = (): string => join(home, '.config', 'ocr-pipeline', 'box.json');
  const cli = (...args: string[]): Promise<CliResult> => runCli(args, { env: environment, cwd: '/' });

  /** Runs `login box` and lets `act` answer what it says, as a person would. */
  async function logIn(
    args: readonly string[],
    more: Record<string, string>,
    act: (said: string, child: ChildProcessWithoutNullStreams) => Promise<boolean>,
  ): Promise<CliResult> {
    const child = spawn(process.execPath, [BIN, 'login', 'box', ...args], {
      env: { ...environment, ...more },
      cwd: '/',
      timeout: HANG_MS,
    });
    let stdout = '';
    let stderr = '';
    let acted = false;
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      if (!acted && stderr.includes('Waiting')) {
        acted = true;
        void act(stderr, child);
      }
    });
    return new Promise((resolve) => {
      child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
    });
  }

  const byBrowser = async (said: string): Promise<boolean> => {
    const start = /http:\/\/localhost:\d+\/[0-9a-f]+/.exec(said)?.[0] ?? '';
    return (await fetch(start)).ok;
  };

  it("takes the Box app from the site's file, which staff fill once for everybody", async () => {
    const { OCR_PIPELINE_BOX_CLIENT_ID: id, OCR_PIPELINE_BOX_CLIENT_SECRET: secret, ...others } = environment;
    const site = join(makeFolder(), 'site.yaml');
    writeFileSync(site, `box-client-id: ${id}\nbox-client-secret: ${secret}\n`, { mode: 0o600 });
    environment = { ...others, OCR_PIPELINE_SITE_FILE: site };
    expect(await logIn([], {}, byBrowser)).toMatchObject({ code: 0 });
    expect(await cli('login', 'box', '--check')).toMatchObject({ code: 0 });
    const explained = await cli('config', 'explain', '--json');
    expect(explained.code).toBe(0);
    expect(explained.stdout).toContain('box-client-secret');
    expect(explained.stdout).not.toContain(secret);
  });

  it('logs in with a browser, says who it is and how long it lasts, and logs out', async () => {
    const done = await logIn([], {}, byBrowser);
    expect(done).toMatchObject({ code: 0 });
    expect(done.stdout).toContain('[ok] Logged in to Box as owner@example.org');
    expect(done.stdout).toContain('~/.config/ocr-pipeline/box.json (readable by you alone)');
    expect(done.stdout).toContain('once every 60 days');
    expect(statSync(loginFile()).mode & 0o777).toBe(0o600);

    expect(await cli('login', 'box', '--check')).toMatchObject({
      code: 0,
      stdout: '[ok] The Box login works: owner@example.org\n',
    });
    const who = await cli('whoami', '--json');
    expect(JSON.parse(who.stdout)).toMatchObject({ kind: 'person', user: { login: 'owner@example.org' } });
    const doctor = await cli('doctor', 'box', '--json');
    expect(JSON.parse(doctor.stdout)).toMatchObject({
      findings: [
        { id: 'box', status: 'ok' },
        { id: 'box-folder', status: 'skip' },
      ],
    });

    expect(await cli('logout', 'box')).toMatchObject({ code: 0 });
    expect(existsSync(loginFile())).toBe(false);
    const after = await cli('login', 'box', '--check');
    expect(after).toMatchObject({ code: 77, stdout: '' });
    expect(after.stderr).toContain('[BOX_NOT_LOGGED_IN]');
  });

  it.skipIf(pseudoTerminal.skip)(
    `shows on a terminal how much of the time to log in is left${pseudoTerminal.reason}`,
    async () => {
      const child = spawn('/usr/bin/script', ['-qfec', `'${process.execPath}' '${BIN}' login box`, '/dev/null'], {
        env: { ...environment, TERM: 'xterm' },
        cwd: '/',
        timeout: HANG_MS,
      });
      let said = '';
      const ended = new Promise((resolve) => child.on('close', resolve));
      await new Promise<void>((resolve) => {
        child.on('close', () => resolve());
        child.stdout.setEncoding('utf8').on('data', (text: string) => {
          said += text;
          if (/10:00 left[^]*9:59 left[^]*9:58 left/.test(said)) resolve();
        });
      });
      const start = /http:\/\/localhost:\d+\/[0-9a-f]+/.exec(said)?.[0] ?? '';
      await fetch(start);
      expect(await ended).toBe(0);
      expect(showScreen(said)).not.toContain('Waiting');
      expect(showScreen(said)).toContain('[ok] Logged in to Box as owner@example.org');
    },
  );

  it('lists long names within 80 columns, and loses nothing of them', async () => {
    environment['BOX_DEVELOPER_TOKEN'] = emulator.issueTokens({ refreshable: false }).access_token;
    const { id } = emulator.seedFolder('Scans');
    const name = `${'Annual report of the society for 1899, with plates '.repeat(4)}.pdf`;
    await emulator.seedFile(name, 'x', { parentId: id });
    const { stdout } = await cli('ls', id);
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
    const column = (stdout.split('\n')[0] ?? '').indexOf('NAME');
    const pieces =
      stdout
        .split('\n\n')[0]
        ?.split('\n')
        .slice(1)
        .map((line) => line.slice(column)) ?? [];
    expect(pieces.join('')).toBe(name);
  });

  it('says what the login may do with a folder, and leaves nothing there', async () => {
    environment['BOX_DEVELOPER_TOKEN'] = emulator.issueTokens({ refreshable: false }).access_token;
    const { id } = emulator.seedFolder('Scans');
    const good = await cli('doctor', 'box', '--box-folder', id);
    expect(good).toMatchObject({ code: 0 });
    expect(good.stdout).toContain(`[ok]    Box folder    "Scans" (${id}) can be read, and results written`);
    expect(good.stdout).toMatch(/Next: ocr-pipeline ls {6}\(find your folder\)\n$/);
    emulator.setRole(id, 'viewer');
    const viewer = await cli('doctor', 'box', '--box-folder', id);
    expect(viewer.stdout).toContain('[warn]  Box folder');
    expect(viewer.stdout).toContain('--box-output-folder "box:Scans OCR"');
    expect(await cli('doctor', 'box', '--box-folder', '999999')).toMatchObject({ code: 69 });
    expect(emulator.list(id)).toEqual([]);
  });

  it('logs in over SSH with a pasted address', async () => {
    const done = await logIn([], { SSH_CONNECTION: '10.0.0.1 1 10.0.0.2 22' }, async (said, child) => {
      expect(said).toContain('over SSH, where no browser can open');
      expect(said).toContain('Waiting ... 10:00 left');
      expect(said).toMatch(/ssh -N -L (\d+):localhost:\1 /);
      const address = /^http:\/\/127\S+authorize\S+$/m.exec(said)?.[0] ?? '';
      const sentTo = await fetch(address, { redirect: 'manual' });
      child.stdin.write(`nonsense\n${sentTo.headers.get('location')}\n`);
      return true;
    });
    expect(done).toMatchObject({ code: 0 });
    expect(done.stderr).toContain('That is not the address of the page');
    expect(done.stdout).toContain('owner@example.org');
  });

  it('moves a login through a pipe, and shows it on no screen', async () => {
    await logIn([], {}, byBrowser);
    const kept = readFileSync(loginFile(), 'utf8');
    const given = await cli('login', 'box', '--hand-over');
    expect(given.code).toBe(0);
    expect(JSON.parse(given.stdout)).toEqual(JSON.parse(kept));
    expect(existsSync(loginFile())).toBe(false);
    const child = spawn(process.execPath, [BIN, 'login', 'box', '--receive'], {
      env: environment,
      cwd: home,
      timeout: HANG_MS,
    });
    child.stdin.end(given.stdout);
    expect(await new Promise((resolve) => child.on('close', resolve))).toBe(0);
    expect(readFileSync(loginFile(), 'utf8')).not.toBe(kept);
    expect((await cli('whoami')).stdout).toContain('owner@example.org');
    expect(emulator.checks()).toEqual([]);
  });

  it('logs in as a service account, and with a developer token', async () => {
    const file = join(home, 'app.json');
    writeFileSync(
      file,
      JSON.stringify({
        boxAppSettings: { clientID: emulator.clientId, clientSecret: emulator.clientSecret },
        enterpriseID: '1',
      }),
      { mode: 0o600 },
    );
    const done = await cli('login', 'box', '--app-file', file);
    expect(done).toMatchObject({ code: 0 });
    expect(done.stdout).toContain('Share:    the folder in Box with AutomationUser');
    expect((await cli('whoami')).stdout).toContain('a service account');
    environment['BOX_DEVELOPER_TOKEN'] = emulator.issueTokens({ refreshable: false }).access_token;
    expect((await cli('whoami')).stdout).toContain('owner@example.org');
  });

  it('lists folders with their IDs, and finds them by name, ID and link', async () => {
    environment['BOX_DEVELOPER_TOKEN'] = emulator.issueTokens({ refreshable: false }).access_token;
    const { id } = emulator.seedFolder('Scans/Marduk');
    await emulator.seedFile('page 10.pdf', Buffer.alloc(2_500_000), { parentId: id });
    await emulator.seedFile('page 2.pdf', Buffer.alloc(500), { parentId: id });
    await emulator.seedFile('notes\u202e.txt', Buffer.alloc(5), { parentId: id });
    emulator.seedOther('a link', 'web_link', id);
    expect((await cli('ls')).stdout).toMatch(
      /Scans\/\n\n1 folder, 0 PDFs \(0 bytes\) in "All Files" \(0\)\nNext: ocr-pipeline ls \d+\n$/,
    );
    const listed = await cli('ls', 'box:scans/marduk');
    expect(listed.stdout.indexOf('page 2.pdf')).toBeLessThan(listed.stdout.indexOf('page 10.pdf'));
    expect(listed.stdout).toContain(`0 folders, 2 PDFs (2.5 MB), 1 other file, 1 link in "Scans/Marduk"\n(${id})\n`);
    expect(listed.stdout).toContain(`Next: ocr-pipeline plan --box-folder ${id}`);
    expect(listed.stdout).not.toContain('\u202e');
    expect((await cli('ls', id)).stdout).toBe(listed.stdout);
    expect((await cli('ls', `https://app.box.com/folder/${id}`)).stdout).toBe(listed.stdout);
    const json = JSON.parse((await cli('ls', id, '--json')).stdout) as { entries: unknown[] };
    expect(json.entries).toHaveLength(4);
    const missing = await cli('ls', '999');
    expect(missing).toMatchObject({ code: 77, stdout: '' });
    expect(missing.stderr).toContain('[BOX_FOLDER_NOT_FOUND]');
    expect(await cli('ls', 'Scans')).toMatchObject({ code: 64 });
  });

  it('says what to do without an app, and takes no secret from the command line', async () => {
    delete environment['OCR_PIPELINE_BOX_CLIENT_SECRET'];
    const without = await cli('login', 'box');
    expect(without).toMatchObject({ code: 78, stdout: '' });
    expect(without.stderr).toContain('[BOX_APP_UNKNOWN]');
    expect(await cli('login', 'box', '--box-client-secret', 'x')).toMatchObject({ code: 64 });
    expect(await cli('config', 'set', 'box-client-secret', 'x')).toMatchObject({ code: 64 });
    environment['OCR_PIPELINE_BOX_CLIENT_SECRET'] = emulator.clientSecret;
    for (const args of [
      ['config', 'explain'],
      ['config', 'explain', '--json'],
      ['config', 'get', 'box-client-secret', '--json'],
    ])
      expect((await cli(...args)).stdout).not.toContain(emulator.clientSecret);
    expect(await cli('login', 'dropbox')).toMatchObject({ code: 64 });
    expect(await cli('login', 'box', '--check', '--receive')).toMatchObject({ code: 64 });
    writeFileSync(join(home, 'ocr-pipeline.yaml'), 'box-api-url: https://evil.example\n');
    delete environment['OCR_PIPELINE_BOX_API_URL'];
    expect(await runCli(['whoami'], { env: environment, cwd: home })).toMatchObject({ code: 78 });
  });

  it('prints no token or secret, whatever happens', async () => {
    await logIn(['--json'], { OCR_PIPELINE_LOG_LEVEL: 'debug' }, byBrowser);
    emulator.faults.add({ endpoint: 'me', effect: { kind: 'answer', status: 403, code: 'insufficient_scope' } });
    const said: string[] = [];
    for (const args of [
      ['whoami', '--log-level', 'debug'],
      ['whoami'],
      ['ls', '5', '--log-level', 'debug'],
      ['doctor', 'box'],
    ]) {
      const { stdout, stderr } = await cli(...args);
      said.push(stdout, stderr);
    }
    emulator.revokeLogins();
    const ended = await cli('whoami', '--log-level', 'debug');
    expect(ended).toMatchObject({ code: 77 });
    said.push(ended.stdout, ended.stderr);
    for (const secret of emulator.secrets()) expect(said.join('\n')).not.toContain(secret);
  });
});
