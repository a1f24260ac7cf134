import type { BoxChoices } from '../core/run-request.ts';
import { BoxCallError } from '../stores/box/transport/box-call-error.ts';
import type { BoxItem } from '../stores/box/listing/box-item.ts';
import { classifyCall } from '../stores/box/transport/classify.ts';
import { DEFAULT_BOX_SETTINGS, type BoxSettings } from '../stores/box/transport/box-settings.ts';
import type { BoxStore, BoxStoreOptions } from '../stores/box/box-store.ts';
import { connect, openNetwork, type BoxConnection, type BoxNetwork } from '../stores/box/transport/connect.ts';
import {
  findFolder,
  findFolderAbove,
  parseFolderAddress,
  type BoxFolder,
  type FolderAddress,
} from '../stores/box/listing/folder-address.ts';
import { listItems } from '../stores/box/listing/list-items.ts';
import { realPlace } from '../files/real-place.ts';
import { defaultLoginFile } from '../stores/box/login/login-file.ts';
import type { BoxUser } from '../stores/box/login/login-record.ts';
import { openLogin, requireApp, type OpenLogin } from '../stores/box/login/open-login.ts';
import type { BoxApp } from '../stores/box/login/person-session.ts';
import { readUser } from '../stores/box/login/read-user.ts';
import type { WaitListener } from '../stores/box/transport/retrying-client.ts';
import { makeBoxStore } from './wiring.ts';

/** The way to Box, with or without a login yet. Close it. */
export interface BoxAccess extends Disposable {
  readonly network: BoxNetwork;
  readonly loginFile: string;
  /** @throws {ConfigError} `BOX_APP_UNKNOWN`: none is set up. */
  app(): BoxApp;
  /** The login this machine has. @throws {AccessError} there is none, or it has ended. */
  login(): Promise<OpenLogin>;
  /** The SDK's client with that login. */
  connection(): Promise<BoxConnection>;
  /** The login, and whose Box says it is. @throws {AccessError} it does not work. @throws {TransientError} no answer. */
  who(signal: AbortSignal): Promise<{ readonly opened: OpenLogin; readonly user: BoxUser }>;
  /**
   * A store over a folder, named as below. `below` are folders in it that are made at the first write: `['OCR']`. The
   * caller closes it, before this. @throws {UsageError | AccessError | TransientError}
   */
  openStore(
    address: string,
    options: Pick<BoxStoreOptions, 'below' | 'recursive' | 'exclude' | 'scratch'>,
    signal: AbortSignal,
  ): Promise<{ readonly folder: BoxFolder; readonly store: BoxStore }>;
  /** A folder that results are to go to: of a path it may be the one in which the `missing` rest is to be made. */
  findTarget(
    address: string,
    signal: AbortSignal,
  ): Promise<{ readonly folder: BoxFolder; readonly missing: readonly string[]; readonly store: BoxStore }>;
  /** What is in a folder, named by ID, link or `box:Path`; in no promised order. @throws {UsageError | AccessError | TransientError} */
  listFolder(
    address: string,
    signal: AbortSignal,
  ): Promise<{ readonly folder: BoxFolder; readonly items: readonly BoxItem[] }>;
}

/** Opens the way to Box as the settings and the environment say. Asks Box nothing yet. */
export async function openBox(
  choices: BoxChoices,
  environment: Readonly<Record<string, string | undefined>>,
  onWait?: WaitListener,
): Promise<BoxAccess> {
  const { boxClientId: clientId, boxClientSecret: clientSecret } = choices;
  const known = clientId !== undefined && clientSecret !== undefined ? { clientId, clientSecret } : undefined;
  // The lock lies beside the file itself, whichever of its names it is reached by.
  const loginFile = await realPlace(choices.boxLoginFile ?? defaultLoginFile(environment));
  const developerToken = environment['BOX_DEVELOPER_TOKEN'];
  const network = await openNetwork({ settings: toBoxSettings(choices), onWait });
  const login = (): Promise<OpenLogin> => openLogin({ loginFile, app: known, developerToken }, network);
  // One for all, so that all calls share a login and its renewals.
  let connecting: Promise<BoxConnection> | undefined;
  const connection = (): Promise<BoxConnection> =>
    (connecting ??= login().then((opened) => connect(network, opened.login)));
  return {
    network,
    loginFile,
    app: () => requireApp(known),
    login,
    connection,
    async who(signal) {
      const opened = await login();
      return { opened, user: await readUser(await connect(network, opened.login), signal) };
    },
    async openStore(address, options, signal) {
      const folder = await findFolder(await connection(), parseFolderAddress(address), signal);
      return { folder, store: await makeBoxStore(await connection(), { ...options, folder }) };
    },
    async findTarget(address, signal) {
      const { folder, missing } = await findFolderAbove(await connection(), parseFolderAddress(address), signal);
      const options = { folder, below: missing, recursive: true, exclude: [], scratch: '' };
      return { folder, missing, store: await makeBoxStore(await connection(), options) };
    },
    async listFolder(address, signal) {
      const wanted = parseFolderAddress(address);
      return readFolder(await connection(), wanted, signal);
    },
    [Symbol.dispose]: () => network.close(),
  };
}

async function readFolder(
  connection: BoxConnection,
  address: FolderAddress,
  signal: AbortSignal,
): Promise<{ folder: BoxFolder; items: readonly BoxItem[] }> {
  const folder = await findFolder(connection, address, signal);
  try {
    const items: BoxItem[] = [];
    for await (const item of listItems(connection, folder.id, signal)) items.push(item);
    return { folder, items };
  } catch (error) {
    throw error instanceof BoxCallError ? classifyCall(error, { doing: 'folder', name: `"${folder.path}"` }) : error;
  }
}

function toBoxSettings(choices: BoxChoices): BoxSettings {
  return {
    ...DEFAULT_BOX_SETTINGS,
    apiUrl: choices.boxApiUrl,
    uploadUrl: choices.boxUploadUrl,
    accountUrl: choices.boxAccountUrl,
    webUrl: choices.boxWebUrl,
    callsPerMinute: choices.boxCallsPerMinute,
    uploadsPerMinute: choices.boxUploadsPerMinute,
    maxWaitMs: choices.maxWait * 1000,
  };
}
