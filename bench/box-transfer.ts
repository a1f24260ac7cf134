import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { measureSuccess, type Cost } from './support/measure.ts';
import { insistOnPrograms, PROJECT, type BenchOptions } from './support/options.ts';
import { formatNumber, median, type BenchTable } from './support/table.ts';

const MB = 1_000_000;
const QUICK_BYTES = 60 * MB;
const USUAL_BYTES = 400 * MB;
/** `--large`: what a person's largest scan may be. */
const LARGE_BYTES = 2_000 * MB;
const TIMEOUT_MS = 15 * 60_000;
const START_TIMEOUT_MS = 20_000;
const GOAL_RATIO = 0.9;
const GOAL_MIB = 400;

/** What the emulator prints when it serves, with `--proxy`. */
interface Served {
  readonly proxyUrl: string;
  readonly authorityFile: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly folderId: string;
  readonly accessToken: string;
}

/** Speed of one large file down from Box and up to it, beside rclone's: both by Box's own names through the same proxy. */
export async function benchBoxTransfer(options: BenchOptions): Promise<BenchTable[]> {
  insistOnPrograms(['rclone']);
  const sizeBytes = options.quick ? QUICK_BYTES : options.large ? LARGE_BYTES : USUAL_BYTES;
  const seeded = join(options.scratch, 'seeded');
  mkdirSync(seeded);
  options.say(`box transfer: writing ${sizeBytes / MB} MB`);
  const large = join(seeded, 'large.pdf');
  const sha1 = await writeLarge(large, sizeBytes);
  const costs: Record<'rclone down' | 'ours down' | 'rclone up' | 'ours up', Cost[]> = {
    'rclone down': [], 'ours down': [], 'rclone up': [], 'ours up': [],
  };
  const transfer = new Transfer(options.scratch, large, sizeBytes, sha1);
  for (let round = 1; round <= options.rounds; round++) {
    options.say(`box transfer: round ${round}`);
    await using served = await serve(seeded, join(options.scratch, 'emulator'));
    // In turn, and the other way round every second time: a slow minute, and a warm cache, hit both alike.
    const order = round % 2 === 1 ? (['rclone', 'ours'] as const) : (['ours', 'rclone'] as const);
    for (const who of order) costs[`${who} down`].push(await transfer.down(who, served));
    for (const who of order) costs[`${who} up`].push(await transfer.up(who, served, round));
  }
  return [tableOf(costs, sizeBytes)];
}

function tableOf(costs: Readonly<Record<string, readonly Cost[]>>, sizeBytes: number): BenchTable {
  const speed = (what: string): number => sizeBytes / MB / median((costs[what] ?? []).map(({ wallSeconds }) => wallSeconds));
  const rows = Object.entries(costs).map(([what, each]) => ({
    what,
    values: [speed(what), median(each.map(({ wallSeconds }) => wallSeconds)), median(each.map(({ cpuSeconds }) => cpuSeconds)), Math.max(...each.map(({ mainPeakMiB }) => mainPeakMiB))],
  }));
  const peak = Math.max(...['ours down', 'ours up'].flatMap((what) => (costs[what] ?? []).map(({ mainPeakMiB }) => mainPeakMiB)));
  const ratio = (way: string): string => formatNumber(speed(`ours ${way}`) / speed(`rclone ${way}`));
  return {
    title: 'Large files to and from Box',
    method:
      `One file of ${sizeBytes / MB} MB through a proxy on this machine that stands in for Box, with TLS; whole processes, their start included. ` +
      'rclone with its own settings.',
    columns: ['what', 'MB/s', 'wall s', 'CPU s', 'peak MiB'],
    rows,
    findings: [
      `Down at ${ratio('down')} of rclone's speed, up at ${ratio('up')} (goal: at least ${GOAL_RATIO}).`,
      `Our process has at most ${formatNumber(peak)} MiB of memory (goal: under ${GOAL_MIB}).`,
    ],
  };
}

/** The same file by either program. Each transfer is checked. */
class Transfer {
  readonly #scratch: string;
  readonly #large: string;
  readonly #sizeBytes: number;
  readonly #sha1: string;

  constructor(scratch: string, large: string, sizeBytes: number, sha1: string) {
    this.#scratch = scratch;
    this.#large = large;
    this.#sizeBytes = sizeBytes;
    this.#sha1 = sha1;
  }

  async down(who: 'rclone' | 'ours', served: Served): Promise<Cost> {
    const folder = join(this.#scratch, 'down');
    mkdirSync(folder);
    const to = join(folder, 'large.pdf');
    try {
      const cost =
        who === 'ours'
          ? await this.#ours(served, { way: 'down', file: to })
          : await this.#rclone(served, ['copyto', 'box:large.pdf', to]);
      if (statSync(to).size !== this.#sizeBytes) throw new Error(`${who} left another size`);
      return cost;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  up(who: 'rclone' | 'ours', served: Served, round: number): Promise<Cost> {
    if (who === 'ours') return this.#ours(served, { way: 'up', file: this.#large, path: `ours-${round}.pdf` });
    return this.#rclone(served, ['copyto', this.#large, `box:rclone-${round}.pdf`]);
  }

  #ours(served: Served, what: { readonly way: 'down' | 'up'; readonly file: string; readonly path?: string }): Promise<Cost> {
    const { folderId, accessToken: token } = served;
    const job = JSON.stringify({ ...what, folderId, token, sha1: this.#sha1, sizeBytes: this.#sizeBytes, scratch: this.#scratch });
    return measureSuccess({
      program: process.execPath,
      args: [join(PROJECT, 'bench/support/box-copy.ts')],
      env: { ...proxied(served), BOX_COPY: job },
      timeoutMs: TIMEOUT_MS,
    });
  }

  #rclone(served: Served, args: readonly string[]): Promise<Cost> {
    const { clientId, clientSecret, accessToken, folderId, authorityFile } = served;
    const config = join(this.#scratch, 'rclone.conf');
    const token = { access_token: accessToken, token_type: 'bearer', expiry: new Date(Date.now() + 3_000_000).toISOString() };
    const lines = ['[box]', 'type = box', `client_id = ${clientId}`, `client_secret = ${clientSecret}`, `token = ${JSON.stringify(token)}`, `root_folder_id = ${folderId}`, ''];
    writeFileSync(config, lines.join('\n'), { mode: 0o600 });
    return measureSuccess({
      program: 'rclone',
      args: [...args, '--config', config, '--ca-cert', authorityFile, '--retries', '1'],
      env: proxied(served),
      timeoutMs: TIMEOUT_MS,
    });
  }
}

function proxied({ proxyUrl, authorityFile }: Served): NodeJS.ProcessEnv {
  return { HTTPS_PROXY: proxyUrl, https_proxy: proxyUrl, NODE_EXTRA_CA_CERTS: authorityFile, NO_PROXY: '', no_proxy: '' };
}

/** Starts the emulator as a program of its own, so that its work is not counted as anybody's. */
async function serve(folder: string, scratch: string): Promise<Served & AsyncDisposable> {
  mkdirSync(scratch, { recursive: true });
  const script = join(PROJECT, 'scripts/box-emulator.ts');
  const child = spawn(process.execPath, [script, '--folder', folder, '--proxy'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, TMPDIR: scratch },
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (more: string) => (text += more));
  const limitMs = Date.now() + START_TIMEOUT_MS;
  while (!text.includes('\n')) {
    if (child.exitCode !== null || Date.now() > limitMs) throw new Error('the emulator did not start');
    await sleep(50);
  }
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
  };
  return { ...readServed(text), [Symbol.asyncDispose]: stop };
}

function readServed(text: string): Served {
  return JSON.parse(text.slice(0, text.indexOf('\n'))) as Served;
}

async function writeLarge(path: string, sizeBytes: number): Promise<string> {
  const hash = createHash('sha1');
  const block = randomBytes(MB);
  const file = await open(path, 'w');
  try {
    for (let written = 0; written < sizeBytes; written += block.length) {
      block.writeUInt32LE(written / MB, 0);
      hash.update(block);
      await file.write(block);
    }
  } finally {
    await file.close();
  }
  return hash.digest('hex');
}
