import { readdirSync, readFileSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { seedScans, startBoxProgram, type BoxProgram } from '../support/box-program.ts';

/** Breaks the program at its first upload, with all that it must not tell in the words of the error. */
const SABOTAGE = `
  import { subscribe } from 'node:diagnostics_channel';
  subscribe('http.client.request.start', ({ request }) => {
    if (request.method !== 'POST' || !request.path.includes('/files/content')) return;
    const error = new Error('request failed, authorization: ' + request.getHeader('authorization'));
    error.config = { headers: { Authorization: request.getHeader('authorization') }, client_secret: process.env.OCR_PIPELINE_BOX_CLIENT_SECRET };
    setImmediate(() => { throw error; });
  });
`;

describe('secrets of a run', () => {
  let program: BoxProgram;
  beforeEach(async () => {
    program = await startBoxProgram();
    await seedScans(program.emulator, program.folderId, 2);
    // So that a renewal is part of what is looked at.
    program.emulator.expireAccessTokens();
  });
  afterEach(() => program[Symbol.asyncDispose]());

  /** Files of the program that hold a secret, but for the login's own. */
  async function leaks(): Promise<string[]> {
    const secrets = program.emulator.secrets();
    expect(secrets.length).toBeGreaterThan(3);
    const found: string[] = [];
    for (const entry of await readdir(program.home, { recursive: true, withFileTypes: true })) {
      const file = join(entry.parentPath, entry.name);
      if (!entry.isFile() || entry.name === 'box.json') continue;
      const text = await readFile(file, 'latin1');
      if (secrets.some((secret) => text.includes(secret))) found.push(file);
    }
    return found;
  }
  const isClean = (text: string): boolean => !program.emulator.secrets().some((secret) => text.includes(secret));

  it.runIf(process.platform === 'linux')('are in no file, in nothing printed, and on no command line', async () => {
    const commandLines = new Set<string>();
    const look = (): void => {
      for (const pid of readdirSync('/proc')) {
        if (!/^\d+$/.test(pid)) continue;
        try {
          commandLines.add(readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
        } catch {
          // It has ended meanwhile.
        }
      }
    };
    program.emulator.faults.add({ endpoint: 'any', times: 1_000, effect: { kind: 'act', act: look } });
    const { code, stdout, stderr } = await program.run({ args: ['--log-level', 'debug'] });
    expect(code, stderr).toBe(0);
    expect([...commandLines].some((line) => line.includes('--box-folder'))).toBe(true);
    expect([...commandLines].filter((line) => !isClean(line))).toEqual([]);
    expect(isClean(stdout) && isClean(stderr)).toBe(true);
    expect(await leaks()).toEqual([]);
  });

  it('are in nothing that a crash leaves or prints', async () => {
    const preload = join(program.home, 'sabotage.mjs');
    await writeFile(preload, SABOTAGE);
    const environment = { NODE_OPTIONS: `--import=${pathToFileURL(preload).href}` };
    const { code, stdout, stderr } = await program.run({ args: ['--log-level', 'debug'], environment });
    expect(code, stderr).toBe(70);
    const log = await readFile(join(program.home, '.local/state/ocr-pipeline/last-crash.log'), 'utf8');
    expect(log).toContain('request failed, authorization: ');
    expect(isClean(stdout) && isClean(stderr)).toBe(true);
    expect(await leaks()).toEqual([]);
  });
});
