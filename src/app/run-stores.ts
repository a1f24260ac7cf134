import { join, resolve, sep } from 'node:path';
import { AccessError, UsageError } from '../core/errors.ts';
import type { BoxChoices, DestinationRequest, RunRequest } from '../core/run-request.ts';
import type { RunRecord, StoreReference } from '../runs/run-store.ts';
import type { BoxStore } from '../stores/box/box-store.ts';
import type { WaitListener } from '../stores/box/transport/retrying-client.ts';
import type { DocumentStore } from '../stores/document-store.ts';
import type { BoxAccess } from './open-box.ts';
import { makeLocalStore } from './wiring.ts';

/** Where a run's results go when its scans lie in Box and no other place is named. */
const RESULTS_FOLDER = 'OCR';

/** The two ends of a run. Close them. */
export interface RunStores extends AsyncDisposable {
  readonly source: DocumentStore;
  readonly destination: DocumentStore;
  /** The destination as a Box folder, which knows what other machines have put there. */
  readonly boxResults: BoxStore | undefined;
}

/** Something a person should know though the run goes on: Box lets us wait, or a login ends soon. */
export type StoreNotice = (text: string) => void;

type Places = Pick<RunRecord, 'source' | 'destination'>;

/**
 * Finds both ends of a run by name and identity, before anything is started. A Box folder for results that is named by its
 * path and not there yet is made, if `make` says so, and else named by where it would be.
 * @throws {UsageError} `OUTPUT_IS_INPUT`. @throws {AccessError} Box does not let us see a folder, or nobody is logged in.
 */
export async function findPlaces(
  request: Pick<RunRequest, 'source' | 'destination' | 'box'>,
  make: boolean,
  signal: AbortSignal,
): Promise<Places> {
  const { source, destination } = request;
  if (source.kind === 'local' && destination.kind === 'local') return localPlaces(source.paths, destination);
  using box = await openAccess(request.box);
  const refer = async (address: string): Promise<StoreReference> => {
    const { folder, store } = await box.openStore(
      address,
      { below: [], recursive: true, exclude: [], scratch: '' },
      signal,
    );
    const { link } = await store.describe(signal);
    return { kind: 'box', name: folder.path, ids: [folder.id], link };
  };
  const from = source.kind === 'box' ? await refer(source.address) : localReference(source.paths);
  if (destination.kind === 'local') return { source: from, destination: localReference([destination.folder]) };
  if (destination.address !== undefined)
    return { source: from, destination: await findTarget(box, destination.address, make, signal) };
  return { source: from, destination: { ...from, name: `${from.name}/${RESULTS_FOLDER}`, below: [RESULTS_FOLDER] } };
}

async function findTarget(
  box: BoxAccess,
  address: string,
  make: boolean,
  signal: AbortSignal,
): Promise<StoreReference> {
  const { folder, missing, store } = await box.findTarget(address, signal).catch((error: unknown) => {
    throw error instanceof AccessError && error.code === 'BOX_FOLDER_NOT_FOUND' ? noTarget(error) : error;
  });
  if (missing.length > 0 && !make) {
    const name = [folder.path, ...missing].filter((part) => part !== '').join('/');
    return { kind: 'box', name, ids: [folder.id], below: missing };
  }
  const { name, id, link } = await (missing.length > 0 ? store.createFolder(signal) : store.describe(signal));
  return { kind: 'box', name, ids: [id], link };
}

/** A number cannot be made: only a name can. */
function noTarget({ code, message, advice }: AccessError): AccessError {
  return new AccessError(code, message, {
    ...advice,
    safe: 'Nothing was started.',
    remedy: 'ocr-pipeline ls    to pick it by name; or have one made: --box-output-folder "box:NAME"',
  });
}

function localPlaces(
  paths: readonly string[],
  { folder, stem }: Extract<DestinationRequest, { kind: 'local' }>,
): Places {
  const source = localReference(paths);
  const reference = localReference([folder]);
  const destination = stem === undefined ? reference : { ...reference, stem };
  if (source.ids.includes(destination.ids[0] ?? '')) {
    throw new UsageError('OUTPUT_IS_INPUT', 'The results cannot go into the folder of the scans itself.', {
      why: 'A searchable PDF has the name of its scan.',
      safe: 'Nothing was started.',
      remedy: `--output ${join(folder, RESULTS_FOLDER)}`,
    });
  }
  return { source, destination };
}

function localReference(paths: readonly string[]): StoreReference {
  const ids = paths.map((path) => resolve(path));
  return { kind: 'local', name: ids[0]?.split(sep).at(-1) ?? '', ids };
}

/** Opens both ends of a run. Results and run folders are not taken for scans, nor scans written over. */
export async function openStores(
  record: Pick<RunRecord, 'name' | 'source' | 'destination' | 'settings'>,
  workDir: string,
  choices: BoxChoices,
  notice: StoreNotice,
  signal: AbortSignal,
): Promise<RunStores> {
  const { source, destination, settings } = record;
  const box = source.kind === 'box' || destination.kind === 'box' ? await openAccess(choices, notice) : undefined;
  const opened: BoxStore[] = [];
  // Not an AsyncDisposableStack: Node 22 has none.
  const close = async (): Promise<void> => {
    for (const store of opened.splice(0).toReversed()) await store.close();
    box?.[Symbol.dispose]();
  };
  const scratch = join(workDir, record.name, 'fetched', 'archives');
  const openBoxStore = async ({ ids, below = [] }: StoreReference, exclude: readonly string[]): Promise<BoxStore> => {
    if (!box) throw new Error('a Box store without a way to Box');
    const { store } = await box.openStore(
      ids[0] ?? '',
      { below, recursive: settings.recursive, exclude, scratch },
      signal,
    );
    opened.push(store);
    return store;
  };
  try {
    const { warning } = (await box?.login()) ?? {};
    if (warning !== undefined) notice(warning);
    const boxResults = destination.kind === 'box' ? await openBoxStore(destination, []) : undefined;
    const resultsId = (await boxResults?.describe(signal))?.id;
    // The folder of the results may not be there yet: then its parent answers, which must not be passed over.
    const passedOver = resultsId === undefined || source.ids.includes(resultsId) ? [] : [resultsId];
    const from = source.kind === 'box' ? await openBoxStore(source, passedOver) : await localSource(record, workDir);
    return {
      source: from,
      destination: boxResults ?? (await localDestination(record)),
      boxResults,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Says in a person's words that Box makes us wait. */
function describeWait({ waitMs, reason }: Parameters<WaitListener>[0]): string {
  const seconds = Math.max(1, Math.round(waitMs / 1_000));
  return `Box ${reason === 'throttled' ? 'is busy' : 'does not answer as it should'}; trying again in ${seconds} s. Pages go on being read.`;
}

async function openAccess(choices: BoxChoices, notice?: StoreNotice): Promise<BoxAccess> {
  const { openBox } = await import('./open-box.ts');
  return await openBox(choices, process.env, notice && ((wait) => notice(describeWait(wait))));
}

function localSource(
  { source, destination, settings }: Pick<RunRecord, 'source' | 'destination' | 'settings'>,
  workDir: string,
): Promise<DocumentStore> {
  const results = destination.kind === 'local' ? destination.ids : [];
  return makeLocalStore({
    roots: source.ids,
    recursive: settings.recursive,
    exclude: [...results, resolve(workDir)],
    isProtected: () => true,
  });
}

function localDestination({ source, destination }: Pick<RunRecord, 'source' | 'destination'>): Promise<DocumentStore> {
  const folder = destination.ids[0] ?? '.';
  const scans = source.kind === 'local' ? source.ids : [];
  return makeLocalStore({
    roots: [folder],
    recursive: true,
    exclude: [],
    // A destination inside a folder of scans is passed over when listing: nothing in it is a scan.
    isProtected: (path) => scans.some((root) => isInside(path, root) && !isInside(folder, root)),
  });
}

function isInside(path: string, root: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);
}
