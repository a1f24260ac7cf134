import { createHash, randomBytes } from 'node:crypto';
import { readdir, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { isAlive, markOwnProcess } from './process-life.ts';

/** What another machine, or an unknown process, has left is taken for dead after this time: no copy takes as long. */
const STALE_AFTER_MS = 24 * 3_600_000;

const NAME = /^\.ocr-pipeline-(?:([0-9a-f]{8})-(\d+)-(\d+)-)?[0-9a-f]{8,12}\.tmp$/;

/**
 * A name for what is being written in a folder of people's: hidden, short since the name it is to get may have 255 bytes
 * already, and telling whose it is, so that it can be cleared away if its process is killed.
 */
export async function temporaryName(): Promise<string> {
  const { pid, startTicks } = await markOwnProcess();
  return `.ocr-pipeline-${digestOfHost()}-${pid}-${startTicks ?? 0}-${randomBytes(6).toString('hex')}.tmp`;
}

/** Removes from a folder what killed processes of ours were writing there. Best effort: never rejects. */
export async function removeLeftovers(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    const parts = NAME.exec(name);
    if (!parts || !(await isLeftOver(join(folder, name), parts))) continue;
    await rm(join(folder, name), { force: true }).catch(() => undefined);
  }
}

async function isLeftOver(file: string, [, host, pid, ticks]: RegExpExecArray): Promise<boolean> {
  if (host === digestOfHost())
    return !(await isAlive({ pid: Number(pid), startTicks: ticks === '0' ? null : String(ticks) }));
  const facts = await stat(file).catch(() => undefined);
  return facts !== undefined && Date.now() - facts.mtimeMs > STALE_AFTER_MS;
}

function digestOfHost(): string {
  return createHash('sha1').update(hostname()).digest('hex').slice(0, 8);
}
