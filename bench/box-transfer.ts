import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, join } from 'node:path';
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

/** What is moved once more by itself: a small file costs the start of the program and little else. */
const SMALL_BYTES = MB;

type Who = 'rclone' | 'ours';
type Way = 'down' | 'up';
type Costs = Record<`${Who} ${Way}`, { readonly large: Cost[]; readonly small: Cost[] }>;

/** Speed of one large file down from Box and up to it, beside rclone's: both by Box's own names through the same proxy. */
export async function benchBoxTransfer(options: BenchOptions): Promise<BenchTable[]> {
  insistOnPrograms(['rclone']);
  const sizeBytes = options.quick ? QUICK_BYTES : options.large ? LARGE_BYTES : USUAL_BYTES;
  const seeded = join(options.scratch, 'seeded');
  mkdirSync(seeded);
  options.say(`box transfer: writing ${sizeBytes / MB} MB`);
  const files = {
    large: await writeFileOf(join(seeded, 'large.pdf'), sizeBytes),
    small: await writeFileOf(join(seeded, 'small.pdf'), SMALL_BYTES),
  };
  const costs: Costs = {
    'rclone down': noCosts(),
    'ours down': noCosts(),
    'rclone up': noCosts(),
    'ours up': noCosts(),
  };
  for (let round = 1; round <= options.rounds; round++) {
    options.say(`box transfer: round ${round}`);
    await using served = await serve(seeded, join(options.scratch, 'emulator'));
    const transfer = new Transfer(options.scratch, served);
    // In turn, and the other way round every second time: a slow minute, and a warm cache, hit both alike.
    const order: readonly Who[] = round % 2 === 1 ? ['rclone', 'ours'] : ['ours', 'rclone'];
    for (const size of ['small', 'large'] as const) {
      for (const who of order) costs[`${who} down`][size].push(await transfer.down(who, files[size]));
      for (const who of order) costs[`${who} up`][size].push(await transfer.up(who, files[size]));
    }
  }
  return [tableOf(costs, sizeBytes)];
}

function noCosts(): Costs[keyof Costs] {
  return { large: [], small: [] };
}

function wall(costs: readonly Cost[]): number {
  return median(costs.map(({ wallSeconds }) => wallSeconds));
}

function tableOf(costs: Costs, sizeBytes: number): BenchTable {
  const whole = (what: keyof Costs): number => sizeBytes / MB / wall(costs[what].large);
  const sustained = (what: keyof Costs): number =>
    (sizeBytes - SMALL_BYTES) / MB / (wall(costs[what].large) - wall(costs[what].small));
  const peak = (what: keyof Costs): number => Math.max(...costs[what].large.map(({ mainPeakMiB }) => mainPeakMiB));
  const ratio = (way: Way, speed: (what: keyof Costs) => number): string =>
    formatNumber(speed(`ours ${way}`) / speed(`rclone ${way}`));
  const rows = (Object.keys(costs) as (keyof Costs)[]).map((what) => {
    const cpuSeconds = median(costs[what].large.map((cost) => cost.cpuSeconds));
    return {
      what,
      values: [sustained(what), whole(what), wall(costs[what].large), wall(costs[what].small), cpuSeconds, peak(what)],
    };
  });
  return {
    title: 'Large files to and from Box',
    method:
      `One file of ${sizeBytes / MB} MB through a proxy on this machine that stands in for Box, with TLS; rclone with its own settings. ` +
      'Sustained is without the time that a file of 1 MB takes, which is that of starting.',
    columns: ['what', 'sustained MB/s', 'whole MB/s', 'wall s', '1 MB wall s', 'CPU s', 'peak MiB'],
    rows,
    findings: [
      `Sustained, down at ${ratio('down', sustained)} of rclone's speed, up at ${ratio('up', sustained)} (goal: at least ${GOAL_RATIO}).`,
      `With the start of the process, down at ${ratio('down', whole)} and up at ${ratio('up', whole)}.`,
      `Our process has at most ${formatNumber(Math.max(peak('ours down'), peak('ours up')))} MiB of memory (goal: under ${GOAL_MIB}).`,
    ],
  };
}

interface BenchFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly sha1: string;
}

/** The same file by either program. What arrives is checked: whole by ours, its size for rclone, which checks the rest itself. */
class Transfer {
  readonly #scratch: string;
  readonly #served: Served;

  constructor(scratch: string, served: Served) {
    this.#scratch = scratch;
    this.#served = served;
  }

  async down(who: Who, file: BenchFile): Promise<Cost> {
    const folder = join(this.#scratch, 'down');
    mkdirSync(folder);
    const to = join(folder, basename(file.path));
    try {
      const cost = await (who === 'ours'
        ? this.#ours('down', file, to)
        : this.#rclone(['copyto', `box:${basename(file.path)}`, to]));
      if (statSync(to).size !== file.sizeBytes) throw new Error(`${who} left another size`);
      return cost;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  up(who: Who, file: BenchFile): Promise<Cost> {
    const name = `${who}-${basename(file.path)}`;
    return who === 'ours'
      ? this.#ours('up', file, file.path, name)
      : this.#rclone(['copyto', file.path, `box:${name}`]);
  }

  #ours(way: Way, { path, sizeBytes, sha1 }: BenchFile, file: string, name = basename(path)): Promise<Cost> {
    const { folderId, accessToken: token } = this.#served;
    const job = JSON.stringify({ way, file, path: name, folderId, token, sha1, sizeBytes, scratch: this.#scratch });
    return measureSuccess({
      program: process.execPath,
      args: [join(PROJECT, 'bench/support/box-copy.ts')],
      env: { ...proxied(this.#served), BOX_COPY: job },
      timeoutMs: TIMEOUT_MS,
    });
  }

  #rclone(args: readonly string[]): Promise<Cost> {
    const { clientId, clientSecret, accessToken, folderId, authorityFile } = this.#served;
    const config = join(this.#scratch, 'rclone.conf');
    const token = {
      access_token: accessToken,
      token_type: 'bearer',
      expiry: new Date(Date.now() + 3_000_000).toISOString(),
    };
    const lines = [
      '[box]',
      'type = box',
      `client_id = ${clientId}`,
      `client_secret = ${clientSecret}`,
      `token = ${JSON.stringify(token)}`,
      `root_folder_id = ${folderId}`,
      '',
    ];
    writeFileSync(config, lines.join('\n'), { mode: 0o600 });
    return measureSuccess({
      program: 'rclone',
      args: [...args, '--config', config, '--ca-cert', authorityFile, '--retries', '1'],
      env: proxied(this.#served),
      timeoutMs: TIMEOUT_MS,
    });
  }
}

function proxied({ proxyUrl, authorityFile }: Served): NodeJS.ProcessEnv {
  return {
    HTTPS_PROXY: proxyUrl,
    https_proxy: proxyUrl,
    NODE_EXTRA_CA_CERTS: authorityFile,
    NO_PROXY: '',
    no_proxy: '',
  };
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

async function writeFileOf(path: string, sizeBytes: number): Promise<BenchFile> {
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
  return { path, sizeBytes, sha1: hash.digest('hex') };
}
