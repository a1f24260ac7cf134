import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { requireTools } from '../support/requires.ts';
import { startBoxEmulator, type BoxEmulator } from './box-emulator.ts';
import { closeClean } from './close-clean.ts';
import { startConnectProxy, type ConnectProxy } from './connect-proxy.ts';

const run = promisify(execFile);
const need = requireTools(['rclone']);
const TIMEOUT_MS = 50_000;

describe.skipIf(need.skip)("unmodified rclone, by Box's own names through the proxy", () => {
  let emulator: BoxEmulator;
  let proxy: ConnectProxy;
  let folder: string;

  beforeEach(async () => {
    emulator = await startBoxEmulator({ pendingCommitAnswers: 1 });
    proxy = await startConnectProxy(emulator);
    folder = await mkdtemp(path.join(tmpdir(), 'rclone-test-'));
    await mkdir(path.join(folder, 'local'));
  });

  afterEach(async () => {
    expectNoOtherHost(proxy);
    await proxy.close();
    await rm(folder, { recursive: true, force: true });
    // rclone sends its token wherever a redirect leads.
    await closeClean(emulator, { ignore: ['authorization-on-download-host'] });
  });

  /** Runs rclone with a login of its own, in an environment that knows nothing of the machine's configuration. */
  async function rclone(...args: string[]): Promise<string> {
    const { access_token, refresh_token } = emulator.issueTokens();
    const token = {
      access_token,
      refresh_token,
      token_type: 'bearer',
      expiry: new Date(Date.now() + 3_000_000).toISOString(),
    };
    const config = path.join(folder, 'rclone.conf');
    await writeFile(
      config,
      [
        '[box]',
        'type = box',
        `client_id = ${emulator.clientId}`,
        `client_secret = ${emulator.clientSecret}`,
        `token = ${JSON.stringify(token)}`,
        '',
      ].join('\n'),
    );
    const common = ['--config', config, '--ca-cert', proxy.authorityFile, '--retries', '1', '--low-level-retries', '2'];
    const env = { ...proxy.environment, PATH: process.env['PATH'] ?? '', HOME: folder };
    const { stdout } = await run('rclone', [...args, ...common], { env, timeout: TIMEOUT_MS });
    return stdout;
  }

  test('lists folders, sub-folders and odd names, and more than one page', async () => {
    const scans = emulator.seedFolder('Scans');
    await emulator.seedFile('Scans/Zürich $1 "x".pdf', '%PDF-1.4 a');
    await emulator.seedFile('Scans/deep/er/b.pdf', '%PDF-1.4 bb');
    emulator.seedOther('Scans/link');
    emulator.seedMany(emulator.seedFolder('many', scans.id).id, 1500, (index) => `page ${index}.pdf`);
    const entries = JSON.parse(await rclone('lsjson', '-R', '--hash', 'box:Scans')) as {
      Path: string;
      IsDir: boolean;
      Size: number;
      Hashes?: { sha1: string };
    }[];
    const files = entries.filter((entry) => !entry.IsDir);
    expect(files).toHaveLength(1502);
    expect(files.find((file) => file.Path === 'deep/er/b.pdf')).toMatchObject({
      Size: 11,
      Hashes: { sha1: createHash('sha1').update('%PDF-1.4 bb').digest('hex') },
    });
    expect(files.map((file) => file.Path)).toContain('Zürich $1 "x".pdf');
  });

  test('copies down and up, makes a new version of a changed file, and finds no difference', async () => {
    const bytes = randomBytes(3_000_000);
    await emulator.seedFile('Scans/a.pdf', bytes);
    await emulator.seedFile('Scans/empty.pdf', '');
    const local = path.join(folder, 'local');
    await rclone('copy', 'box:Scans', local);
    expect((await readFile(path.join(local, 'a.pdf'))).equals(bytes)).toBe(true);
    await rclone('check', local, 'box:Scans');

    await writeFile(path.join(local, 'a.pdf'), randomBytes(100_000));
    await writeFile(path.join(local, 'new ä.txt'), 'text');
    await rclone('copy', local, 'box:Scans');
    expect(emulator.list()).toMatchObject([
      { path: 'Scans/a.pdf', versionCount: 2, sizeBytes: 100_000 },
      { path: 'Scans/empty.pdf', versionCount: 1 },
      { path: 'Scans/new ä.txt', versionCount: 1 },
    ]);
    await rclone('check', local, 'box:Scans');
  });

  test('uploads in parts, to a new file and as a new version', async () => {
    const local = path.join(folder, 'local');
    // Just above rclone's smallest cutoff, 50 MiB: 7 parts.
    const first = randomBytes(50 * 1024 * 1024 + 12_345);
    await writeFile(path.join(local, 'big.pdf'), first);
    await rclone('copy', local, 'box:Big', '--box-upload-cutoff', '50M');
    first.writeUInt8(first.readUInt8(40_000_000) ^ 1, 40_000_000);
    await writeFile(path.join(local, 'big.pdf'), first);
    await rclone('copy', local, 'box:Big', '--checksum');
    expect(emulator.requests.count('part')).toBe(14);
    expect(emulator.list()).toMatchObject([
      { path: 'Big/big.pdf', versionCount: 2, sha1: createHash('sha1').update(first).digest('hex') },
    ]);
    await rclone('check', local, 'box:Big', '--download');
  });

  test('survives throttling and server errors that the emulator makes', async () => {
    await emulator.seedFile('Scans/a.pdf', 'x'.repeat(1000));
    emulator.faults.add({ endpoint: 'folder-items', nth: 1, effect: { kind: 'answer', status: 429, retryAfter: 1 } });
    emulator.faults.add({ endpoint: 'download', nth: 1, effect: { kind: 'answer', status: 503 } });
    await rclone('copy', 'box:Scans', path.join(folder, 'local'));
    expect(await readFile(path.join(folder, 'local', 'a.pdf'), 'utf8')).toBe('x'.repeat(1000));
    expect(emulator.faults.hits).toBe(2);
  });
});

function expectNoOtherHost(proxy: ConnectProxy): void {
  const refused = proxy.contacts.filter((contact) => !contact.allowed).map(({ host }) => host);
  if (refused.length > 0) throw new Error(`other hosts were contacted: ${refused.join(', ')}`);
}
