import { spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startConnectProxy, type ConnectProxy } from '../box-emulator/connect-proxy.ts';
import { BIN, cleanEnvironment, type CliResult } from '../cli/run-cli.ts';
import { startBoxProgram, type BoxProgram } from '../support/box-program.ts';
import { SCENES } from '../support/box-scenes.ts';
import { requireLanguages } from '../support/requires.ts';
import { HANG_MS } from '../support/hang.ts';

const FIXTURES = resolve(import.meta.dirname, '../fixtures');
const need = requireLanguages(['eng']);

describe.skipIf(need.skip)(
  `the whole job by Box's own names, through a proxy${need.skip ? ` (${need.reason})` : ''}`,
  () => {
    let program: BoxProgram;
    let proxy: ConnectProxy;
    beforeEach(async () => {
      program = await startBoxProgram();
      proxy = await startConnectProxy(program.emulator);
    });
    afterEach(async () => {
      await proxy.close();
      await program[Symbol.asyncDispose]();
    });

    /** What a person has: a proxy, its authority, a Box app. No address of any server is set. */
    const environment = (): Record<string, string> => ({
      ...cleanEnvironment(program.home),
      ...proxy.environment,
      OCR_PIPELINE_BOX_CLIENT_ID: program.emulator.clientId,
      OCR_PIPELINE_BOX_CLIENT_SECRET: program.emulator.clientSecret,
    });

    /** Runs a command line; `answer` is told what it says until it has something to paste. */
    function call(
      args: readonly string[],
      answer?: (said: string) => Promise<string> | undefined,
      more: Record<string, string> = {},
    ): Promise<CliResult> {
      const child = spawn(process.execPath, [BIN, ...args], {
        cwd: program.home,
        env: { ...environment(), ...more },
        timeout: HANG_MS,
      });
      let [stdout, stderr] = ['', ''];
      let asked = false;
      child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        stderr += text;
        const line = asked ? undefined : answer?.(stderr);
        if (!line) return;
        asked = true;
        void line.then((text) => child.stdin.write(`${text}\n`));
      });
      return new Promise((settle, reject) => {
        child.on('error', reject).on('close', (code, signal) => settle({ code, signal, stdout, stderr }));
      });
    }

    /** The person's browser: opens Box's page, as it is reached here, and is sent back. */
    function openInBrowser(said: string): Promise<string> | undefined {
      const link = /^https:\/\/account\.box\.com\/api\/oauth2(\/authorize\S+)$/m.exec(said)?.[1];
      if (link === undefined || !said.includes('Waiting')) return undefined;
      return fetch(`${program.emulator.oauthUrl}${link}`, { redirect: 'manual' }).then(
        (sent) => sent.headers.get('location') ?? '',
      );
    }

    it('logs in, looks, plans, reads with Tesseract, delivers, does nothing twice, logs out; and contacts Box alone', async () => {
      const { emulator, folderId } = program;
      await emulator.seedFile('Annual report.pdf', await readFile(join(FIXTURES, 'scan-3-pages.pdf')), {
        parentId: folderId,
      });
      await emulator.seedFile('Letters/tilted.pdf', await readFile(join(FIXTURES, 'skewed.pdf')), {
        parentId: folderId,
      });
      // Large enough for an upload in parts.
      await SCENES.find(({ name }) => name === 'a volume')?.set(program);

      const login = await call(['login', 'box'], openInBrowser, { SSH_CONNECTION: '192.0.2.1 1 192.0.2.2 22' });
      expect(login.code, login.stderr).toBe(0);
      expect(login.stdout).toContain('[ok] Logged in to Box as owner@example.org');
      const listed = await call(['ls', 'box:Scans']);
      expect(listed.stdout, listed.stderr).toContain('Annual report.pdf');
      const plan = await call(['plan', '--box-folder', folderId]);
      expect(plan.stdout, plan.stderr).toContain('PLAN | To do');
      expect(emulator.requests.count('upload') + emulator.requests.count('folder-create')).toBe(0);

      // In the middle of the job the token ends.
      emulator.faults.add({
        endpoint: 'content',
        nth: 2,
        effect: { kind: 'act', act: () => emulator.expireAccessTokens() },
      });
      const run = ['run', '--box-folder', folderId, '--lang', 'eng', '--progress', 'none', '--log-level', 'debug'];
      const first = await call(run);
      expect(first.code, first.stderr).toBe(0);
      expect(first.stdout).toContain('https://app.box.com/folder/');
      const text = emulator.list(folderId).find(({ path }) => path === 'OCR/Annual report.txt');
      expect(text?.properties).toMatchObject({ ocrStatus: 'done', engine: 'tesseract', pages: '3' });
      expect((await emulator.read(text?.id ?? '')).toString('utf8').split('\f')).toHaveLength(3);
      expect(Object.keys(program.delivered())).toHaveLength(6);
      expect(emulator.requests.count('part')).toBeGreaterThan(1);

      const delivered = program.delivered();
      const second = await call(run);
      expect(second.code, second.stderr).toBe(0);
      expect(program.delivered()).toEqual(delivered);
      const secrets = emulator.secrets();
      expect(await call(['logout', 'box'])).toMatchObject({ code: 0 });

      expect(proxy.hosts()).toEqual(['api.box.com', 'dl.boxcloud.com', 'upload.box.com']);
      expect(proxy.contacts.filter(({ allowed }) => !allowed)).toEqual([]);
      expect(emulator.defects).toEqual([]);
      expect(emulator.checks()).toEqual([]);
      expect(await findSecrets(program.home, secrets)).toEqual([]);
      for (const { stdout, stderr } of [login, listed, plan, first, second])
        expect(secrets.filter((secret) => (stdout + stderr).includes(secret))).toEqual([]);
    });
  },
);

/** Files below a folder that hold a secret. */
async function findSecrets(folder: string, secrets: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    const text = await readFile(file, 'latin1');
    if (secrets.some((secret) => text.includes(secret))) found.push(file);
  }
  return found;
}
