import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const SCRIPT = fileURLToPath(new URL('../../scripts/box-emulator.ts', import.meta.url));

test('the script serves a directory until it is stopped, and reports what happened', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'emulator-script-'));
  const reportFile = path.join(folder, 'report.json');
  await mkdir(path.join(folder, 'scans', 'sub'), { recursive: true });
  await writeFile(path.join(folder, 'scans', 'sub', 'b $ 2.pdf'), 'bytes');
  const child = spawn(
    process.execPath,
    [SCRIPT, '--folder', path.join(folder, 'scans'), '--proxy', '--report', reportFile],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: 40_000,
    },
  );
  try {
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
    const said = JSON.parse(line) as Record<'apiUrl' | 'accessToken' | 'folderId' | 'proxyUrl', string>;
    expect(said.proxyUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const answer = await fetch(`${said.apiUrl}/2.0/folders/${said.folderId}/items`, {
      headers: { authorization: `Bearer ${said.accessToken}` },
    });
    expect(await answer.json()).toMatchObject({ total_count: 1, entries: [{ type: 'folder', name: 'sub' }] });
    child.kill('SIGTERM');
    const [code] = (await once(child, 'exit')) as [number];
    expect(code).toBe(0);
    expect(JSON.parse(await readFile(reportFile, 'utf8'))).toMatchObject({
      requestCount: 1,
      findings: [],
      defects: [],
      files: [{ path: 'Scans/sub/b $ 2.pdf', sizeBytes: 5 }],
    });
  } finally {
    child.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  }
});
