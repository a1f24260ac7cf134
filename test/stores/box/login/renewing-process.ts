// Started by person-session.test.ts: asks three times who it is, with a login that other processes use at the same time.
import { connect, openNetwork } from '../../../../src/stores/box/transport/connect.ts';
import { PersonSession, type BoxApp } from '../../../../src/stores/box/login/person-session.ts';
import { readUser } from '../../../../src/stores/box/login/read-user.ts';
import type { BoxSettings } from '../../../../src/stores/box/transport/box-settings.ts';
import { HANG_MS } from '../../../support/hang.ts';

const given = JSON.parse(process.env['BOX_TEST'] ?? '{}') as { settings: BoxSettings; app: BoxApp; file: string };
const network = await openNetwork({ settings: given.settings });
const connection = await connect(network, new PersonSession(given.file, given.app, network));
const answers = await Promise.all(Array.from({ length: 3 }, () => readUser(connection, AbortSignal.timeout(HANG_MS))));
process.stdout.write(`${answers.map(({ login }) => login).join(' ')}\n`);
network.close();
