// Started by box-transfer.ts: moves one file between Box and this machine with the program's own store, and checks it.
import { DEFAULT_BOX_SETTINGS } from '../../src/stores/box/transport/box-settings.ts';
import { BoxStore } from '../../src/stores/box/box-store.ts';
import { connect, openNetwork } from '../../src/stores/box/transport/connect.ts';

interface CopyJob {
  readonly way: 'down' | 'up';
  readonly file: string;
  /** The file's name in Box. */
  readonly path: string;
  readonly folderId: string;
  readonly token: string;
  readonly sha1: string;
  readonly sizeBytes: number;
  readonly scratch: string;
}

const TIMEOUT_MS = 14 * 60_000;

const job = JSON.parse(process.env['BOX_COPY'] ?? '') as CopyJob;
const signal = AbortSignal.timeout(TIMEOUT_MS);
const network = await openNetwork({ settings: DEFAULT_BOX_SETTINGS });
const connection = await connect(network, { accessToken: async () => job.token, renew: async () => job.token });
const folder = { id: job.folderId, path: 'Bench', name: 'Bench' };
const store = new BoxStore(connection, { folder, below: [], recursive: false, exclude: [], scratch: job.scratch });
const arrived = job.way === 'down' ? await fetchLarge() : await storeFile();
await store.close();
network.close();
if (arrived !== job.sha1) throw new Error(`other bytes arrived: ${arrived ?? 'none'}`);

async function fetchLarge(): Promise<string | undefined> {
  for await (const entry of store.list(signal)) {
    if (entry.kind === 'document' && entry.document.path === job.path)
      return (await store.read(entry.document, job.file, signal)).sha1;
  }
  return undefined;
}

async function storeFile(): Promise<string> {
  const { file, sizeBytes, sha1, path } = job;
  const written = await store.write(
    { path, artifact: { file, sizeBytes, sha1 }, onConflict: 'stop', isOurs: () => false },
    signal,
  );
  return written.sha1;
}
