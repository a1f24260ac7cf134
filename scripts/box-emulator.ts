import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { startBoxEmulator, type BoxEmulator } from '../test/box-emulator/box-emulator.ts';
import { startConnectProxy, type ConnectProxy } from '../test/box-emulator/connect-proxy.ts';
import { RATE_LIMITS } from '../test/box-emulator/rate-limiter.ts';

const HELP = `box-emulator: a Box account on this machine, until it is told to stop (SIGINT or SIGTERM)

USAGE   node scripts/box-emulator.ts [options]

  --folder DIR         put this directory into the account, as the folder --name
  --name NAME          name of that folder (default: Scans)
  --port N             port of the API host (default: a free one)
  --download-port N    port of the download host (default: a free one)
  --proxy              also a CONNECT proxy that is Box for whoever trusts its authority
  --rate-limits        as Box has them: 1000 calls and 240 uploads a minute
  --refresh-grace S    seconds a used refresh token still answers (default: 0)
  --fault-probability P --fault-seed N
                       random faults of the catalogue, on P of all calls (0 to 1)
  --report FILE        at the end: requests, findings, hosts contacted, files, as JSON
  -h, --help

The first line on stdout is JSON: addresses, client ID and secret, the folder's ID, an
access token, and with --proxy its address and the file of its authority.
`;

interface Running {
  readonly emulator: BoxEmulator;
  readonly proxy: ConnectProxy | undefined;
  readonly folderId: string;
}

const options = {
  folder: { type: 'string' },
  name: { type: 'string', default: 'Scans' },
  port: { type: 'string' },
  'download-port': { type: 'string' },
  proxy: { type: 'boolean', default: false },
  'rate-limits': { type: 'boolean', default: false },
  'refresh-grace': { type: 'string', default: '0' },
  'fault-probability': { type: 'string', default: '0' },
  'fault-seed': { type: 'string', default: '1' },
  report: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

type Flags = ReturnType<typeof parseArgs<{ options: typeof options }>>['values'];

async function start(flags: Flags): Promise<Running> {
  const emulator = await startBoxEmulator({
    apiPort: wholeNumber('--port', flags.port),
    downloadPort: wholeNumber('--download-port', flags['download-port']),
    refreshGraceMs: 1000 * Number(flags['refresh-grace']),
    rateLimits: flags['rate-limits'] ? RATE_LIMITS : undefined,
  });
  const folderId = emulator.seedFolder(flags.name).id;
  if (flags.folder !== undefined) await emulator.seedDirectory(flags.folder, folderId);
  const probability = Number(flags['fault-probability']);
  if (!(probability >= 0 && probability <= 1)) throw new RangeError('--fault-probability is a number from 0 to 1');
  if (probability > 0) emulator.faults.setRandom({ probability, seed: Number(flags['fault-seed']) });
  return { emulator, proxy: flags.proxy ? await startConnectProxy(emulator) : undefined, folderId };
}

function announcement({ emulator, proxy, folderId }: Running): object {
  const { apiUrl, uploadUrl, oauthUrl, downloadUrl, clientId, clientSecret } = emulator;
  const accessToken = emulator.issueTokens({ refreshable: false }).access_token;
  const by = proxy ? { proxyUrl: proxy.url, authorityFile: proxy.authorityFile } : {};
  return { apiUrl, uploadUrl, oauthUrl, downloadUrl, clientId, clientSecret, folderId, accessToken, ...by };
}

function report({ emulator, proxy }: Running): object {
  return {
    requestCount: emulator.requests.count(),
    faultCount: emulator.faults.hits,
    findings: emulator.checks(),
    defects: emulator.defects,
    hosts: proxy?.hosts() ?? [],
    files: emulator.list(),
    requests: emulator.requests.records,
  };
}

function wholeNumber(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new RangeError(`${flag} is a port number`);
  return port;
}

async function toldToStop(): Promise<void> {
  await new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
}

async function main(): Promise<void> {
  const flags = parseArgs({ options }).values;
  if (flags.help) {
    process.stdout.write(HELP);
    return;
  }
  const running = await start(flags);
  try {
    process.stdout.write(`${JSON.stringify(announcement(running))}\n`);
    await toldToStop();
    const summary = report(running);
    if (flags.report !== undefined) await writeFile(flags.report, `${JSON.stringify(summary, undefined, 1)}\n`);
  } finally {
    await running.proxy?.close();
    await running.emulator.close();
  }
}

await main();
