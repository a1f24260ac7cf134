import { registerSecret } from '../../../core/secrets.ts';
import { AccessError, ConfigError } from '../../../core/errors.ts';
import { asRecord, asText } from '../transport/box-call-error.ts';
import { readPrivateFile } from './login-file.ts';

/** What a service account logs in with. */
export type AppCredentials = { readonly clientId: string; readonly clientSecret: string } & (
  | { readonly way: 'ccg'; readonly subject: { readonly kind: 'enterprise' | 'user'; readonly id: string } }
  | { readonly way: 'jwt'; readonly configText: string }
);

/**
 * Reads the JSON file that Box's developer console gives for an app: with a key pair it is used for JWT, without one for
 * client credentials.
 * @throws {ConfigError} `BOX_APP_FILE`. @throws {AccessError} `BOX_LOGIN_EXPOSED`, `BOX_APP_FILE_MISSING`.
 */
export async function readAppFile(file: string): Promise<AppCredentials> {
  const text = await readPrivateFile(file);
  if (text === undefined)
    throw new AccessError('BOX_APP_FILE_MISSING', `There is no app file ${file}.`, {
      remedy: 'Give its place with: ocr-pipeline login box --app-file FILE',
    });
  return parseAppFile(text, file);
}

export function parseAppFile(text: string, file: string): AppCredentials {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw badAppFile(file, 'It is not JSON.');
  }
  const record = asRecord(value);
  const app = asRecord(record?.['boxAppSettings']);
  const clientId = asText(app?.['clientID']);
  const clientSecret = asText(app?.['clientSecret']);
  registerSecret(clientSecret);
  if (!clientId || !clientSecret) throw badAppFile(file, 'boxAppSettings.clientID or clientSecret is missing.');
  const appAuth = asRecord(app?.['appAuth']);
  const privateKey = asText(appAuth?.['privateKey']);
  registerSecret(privateKey);
  registerSecret(asText(appAuth?.['passphrase']));
  const enterpriseId = asText(record?.['enterpriseID']);
  const userId = asText(record?.['userID']);
  if (!enterpriseId && !userId) throw badAppFile(file, 'enterpriseID (or userID) is missing.');
  if (privateKey) return { way: 'jwt', clientId, clientSecret, configText: text };
  const subject = userId
    ? { kind: 'user' as const, id: userId }
    : { kind: 'enterprise' as const, id: enterpriseId ?? '' };
  return { way: 'ccg', clientId, clientSecret, subject };
}

function badAppFile(file: string, why: string): ConfigError {
  return new ConfigError('BOX_APP_FILE', `${file} is not an app file of Box.`, {
    why,
    remedy: "Get it from Box's developer console: your app, Configuration, App Settings. See docs/box.md.",
  });
}
