import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LedgerEvent } from '../../src/core/ledger.ts';
import { registerSecret } from '../../src/core/secrets.ts';
import { realDisk, type Disk } from '../../src/files/disk.ts';
import { RunFolder } from '../../src/runs/run-folder.ts';
import { RECORD } from './run-record.ts';
import { describeRunStore } from '../conformance/run-store.ts';

describeRunStore('run folder', async () => {
  const base = await mkdtemp(join(tmpdir(), 'run-store-'));
  return {
    async open(disk: Disk) {
      return (await RunFolder.open(join(base, RECORD.name), disk)) ?? (await RunFolder.create(base, RECORD, disk));
    },
    async tear(bytes: number) {
      const file = join(base, RECORD.name, 'ledger.ndjson');
      const content = await readFile(file);
      await writeFile(file, content.subarray(0, Math.max(0, content.length - bytes)));
    },
    dispose: () => rm(base, { recursive: true, force: true }),
  };
});

describe('run folder', () => {
  let base: string;
  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'run-folder-'));
  });
  afterEach(() => rm(base, { recursive: true, force: true }));

  it('is written once and found again', async () => {
    await (await RunFolder.create(base, RECORD, realDisk)).close();
    const again = await RunFolder.create(base, { ...RECORD, programVersion: '2.0.0' }, realDisk);
    expect(again.record.programVersion).toBe('1.0.0');
    expect(await RunFolder.list(base)).toEqual([RECORD.name]);
    await again.close();
  });

  it('says so when run.json is damaged', async () => {
    await RunFolder.create(base, RECORD, realDisk);
    await writeFile(join(base, RECORD.name, 'run.json'), '{"name":');
    await expect(RunFolder.open(join(base, RECORD.name), realDisk)).rejects.toMatchObject({
      code: 'RUN_DAMAGED',
      exitCode: 78,
    });
  });

  it('takes many events at once with few writes, in order', async () => {
    let syncs = 0;
    const counting: Disk = {
      ...realDisk,
      async openAppend(path) {
        const file = await realDisk.openAppend(path);
        return { ...file, sync: () => (syncs++, file.sync()) };
      },
    };
    const run = await RunFolder.create(base, RECORD, counting);
    const events = Array.from({ length: 500 }, (_, index): LedgerEvent => ({
      at: '',
      type: 'document-done',
      document: String(index),
    }));
    await Promise.all(events.map((event) => run.append([event])));
    const loaded: LedgerEvent[] = [];
    for await (const event of run.load()) loaded.push(event);
    expect(loaded).toEqual(events);
    expect(syncs).toBeLessThan(10);
    await run.close();
  });

  it('reads past a line it cannot understand', async () => {
    const run = await RunFolder.create(base, RECORD, realDisk);
    await run.append([{ at: '', type: 'document-done', document: 'a' }]);
    await run.close();
    await appendFile(run.ledgerFile, '{"at":"","type":"docum\n');
    await run.append([{ at: '', type: 'document-done', document: 'b' }]);
    const types: string[] = [];
    for await (const event of run.load()) types.push('document' in event ? event.document : event.type);
    expect(types).toEqual(['a', 'b']);
    await run.close();
  });

  it('keeps what follows a half-written line', async () => {
    let failing = false;
    const flaky: Disk = {
      ...realDisk,
      async openAppend(path) {
        const file = await realDisk.openAppend(path);
        return {
          ...file,
          async append(bytes) {
            if (failing) {
              await file.append(bytes.slice(0, 10));
              throw new Error('no room');
            }
            await file.append(bytes);
          },
        };
      },
    };
    const run = await RunFolder.create(base, RECORD, flaky);
    await run.append([{ at: '', type: 'document-done', document: 'a' }]);
    failing = true;
    await expect(run.append([{ at: '', type: 'document-done', document: 'lost' }])).rejects.toThrow('no room');
    failing = false;
    await run.append([{ at: '', type: 'document-done', document: 'b' }]);
    const documents: string[] = [];
    for await (const event of run.load()) if ('document' in event) documents.push(event.document);
    expect(documents).toEqual(['a', 'b']);
    await run.close();
  });

  it('keeps no secret that an error quotes, and every name as it is', async () => {
    registerSecret('sekret-of-this-process');
    const run = await RunFolder.create(base, RECORD, realDisk);
    const document = "token: 'Bearer letters 1921.pdf";
    const message = 'answered: authorization: Bearer abcdefghij0123456789, sekret-of-this-process';
    const error = {
      family: 'InternalError',
      code: 'INTERNAL',
      message,
      why: 'access_token=abcdefghij0123456789',
    } as const;
    await run.append([{ at: '2024-01-01T00:00:00.000Z', type: 'document-failed', document, error }]);
    await run.close();
    const text = await readFile(join(base, RECORD.name, 'ledger.ndjson'), 'utf8');
    expect(text).not.toMatch(/abcdefghij0123456789|sekret-of-this-process/);
    expect(text).toContain('[hidden]');
    expect(text).toContain(JSON.stringify(document));
  });

  it('leaves no temporary files behind', async () => {
    const run = await RunFolder.create(base, RECORD, realDisk);
    await run.close();
    const names = await readdir(run.path);
    expect(names.filter((name) => name.includes('tmp'))).toEqual([]);
  });
});
