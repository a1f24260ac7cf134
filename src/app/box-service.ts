import { AccessError } from '../core/errors.ts';
import { sendLogin, receiveLogin } from '../stores/box/login/move-login.ts';
import { logInApp, logInPerson } from '../stores/box/login/log-in.ts';
import { logOut } from '../stores/box/login/log-out.ts';
import { defaultLoginFile, readLogin } from '../stores/box/login/login-file.ts';
import { LIFE_DAYS, type LoginRecord } from '../stores/box/login/login-record.ts';
import { notLoggedIn } from '../stores/box/login/person-session.ts';
import type { BoxAccount, BoxCaller, BoxLoginWay, BoxService } from './contract.ts';
import { openBox, type BoxAccess } from './open-box.ts';

/** What people ask of Box themselves. Each call opens the way to Box and closes it again. */
export function makeBoxService({ choices, environment }: BoxCaller): BoxService {
  const withBox = async <T>(use: (box: BoxAccess) => Promise<T>): Promise<T> => {
    using box = await openBox(choices, environment);
    return await use(box);
  };
  return {
    logIn: (way, signal) => withBox(async (box) => accountOf(await logIn(box, way, signal), box)),
    sendLogin: (write) => withBox(async (box) => accountOf(await sendLogin(box.loginFile, write), box)),
    logOut: () => withBox((box) => logOut(box.network, box.loginFile, () => box.app())),
    async whoAmI(signal) {
      await requireLogin(choices, environment);
      return withBox(async (box) => {
        const { opened, user } = await box.who(signal);
        const { kind, record, warning } = opened;
        if (record) return { ...accountOf(record, box), user, warning };
        return { user, kind, warning };
      });
    },
    listFolder: (address, signal) => withBox((box) => box.listFolder(address, signal)),
    checkFolder: (address, resultsAddress, signal) =>
      withBox((box) => checkFolder(box, address, resultsAddress, signal)),
  };
}

/** Most computers have none, and are asked by `doctor` all the same: the SDK is not loaded for them. */
async function requireLogin(
  { boxLoginFile }: BoxCaller['choices'],
  environment: BoxCaller['environment'],
): Promise<void> {
  if ((environment['BOX_DEVELOPER_TOKEN'] ?? '') !== '') return;
  if (!(await readLogin(boxLoginFile ?? defaultLoginFile(environment)))) throw notLoggedIn();
}

async function logIn(box: BoxAccess, way: BoxLoginWay, signal: AbortSignal): Promise<LoginRecord> {
  switch (way.kind) {
    case 'person':
      return logInPerson(box.network, box.app(), box.loginFile, way.talk, signal);
    case 'service-account':
      return logInApp(box.network, way.appFile, box.loginFile, signal);
    case 'handed-over':
      return receiveLogin(box.network, box.app(), box.loginFile, await way.read());
  }
}

function accountOf(record: LoginRecord, { loginFile }: BoxAccess): BoxAccount {
  const { kind, user } = record;
  return { user, kind, loginFile, ...(kind === 'person' ? { lastsUnusedDays: LIFE_DAYS } : {}) };
}

async function checkFolder(
  box: BoxAccess,
  address: string,
  resultsAddress: string | undefined,
  signal: AbortSignal,
): ReturnType<BoxService['checkFolder']> {
  const nothing = { below: [], recursive: true, exclude: [], scratch: '' };
  const { folder, store } = await box.openStore(address, nothing, signal);
  const { store: target } = resultsAddress === undefined ? { store } : await box.findTarget(resultsAddress, signal);
  try {
    await target.checkWritable(signal);
    return { folder };
  } catch (error) {
    if (error instanceof AccessError && error.code === 'BOX_NO_WRITE') return { folder, whyNotWritable: error.message };
    throw error;
  }
}
