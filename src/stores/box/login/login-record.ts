import { registerSecret } from '../../../core/secrets.ts';
import { AccessError } from '../../../core/errors.ts';
import { asRecord, asText } from '../transport/box-call-error.ts';
import { readWhole } from '../transport/read-facts.ts';

/** Who a login is. */
export interface BoxUser {
  readonly id: string;
  readonly name: string;
  /** The e-mail address the person logs in with. */
  readonly login: string;
}

/** A person's login. The refresh token works once: whoever uses it must keep its successor. Times are ISO 8601, UTC. */
export interface PersonLogin {
  readonly kind: 'person';
  readonly user: BoxUser;
  /** Of the Box app that was logged in to; its secret is not kept here. */
  readonly clientId: string;
  /** The server that gave the tokens, and the only one they are sent to. */
  readonly apiUrl: string;
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly renewedAt: string;
  readonly expiresAt: string;
  /** Written before the refresh token is sent and taken out when its successor is kept. */
  readonly renewingSince?: string | undefined;
  /** Why it is over. Its tokens are not sent again. */
  readonly ended?: string | undefined;
}

/** A service account's login: the app file is all that is needed, so its place is all that is kept. */
export interface AppLogin {
  readonly kind: 'app';
  readonly user: BoxUser;
  readonly apiUrl: string;
  /** Absolute path of the app file. */
  readonly appFile: string;
}

export type LoginRecord = PersonLogin | AppLogin;

/** Raised when the format changes in a way that old programs misread. */
const FORMAT = 1;

export function renderLogin(record: LoginRecord): string {
  return `${JSON.stringify({ format: FORMAT, ...record }, undefined, 2)}\n`;
}

/** Reads a kept or handed-over login. @throws {AccessError} `BOX_LOGIN_DAMAGED`. The text is not repeated: it holds tokens. */
export function parseLogin(text: string): LoginRecord {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw damaged('It is not complete.');
  }
  const record = asRecord(value);
  if (record?.['format'] !== FORMAT) throw damaged('Another version of this program wrote it.');
  const userRecord = asRecord(record['user']);
  const user = { id: need(userRecord, 'id'), name: need(userRecord, 'name'), login: need(userRecord, 'login') };
  const apiUrl = need(record, 'apiUrl');
  if (record['kind'] === 'app') return { kind: 'app', user, apiUrl, appFile: need(record, 'appFile') };
  return {
    kind: 'person',
    user,
    apiUrl,
    clientId: need(record, 'clientId'),
    accessToken: needSecret(record, 'accessToken'),
    refreshToken: needSecret(record, 'refreshToken'),
    renewedAt: needTime(record, 'renewedAt'),
    expiresAt: needTime(record, 'expiresAt'),
    renewingSince: asText(record['renewingSince']),
    ended: asText(record['ended']),
  };
}

function need(record: Readonly<Record<string, unknown>> | undefined, name: string): string {
  const text = asText(record?.[name]);
  if (text === undefined) throw damaged(`"${name}" is missing.`);
  return text;
}

function needSecret(record: Readonly<Record<string, unknown>>, name: string): string {
  const text = need(record, name);
  registerSecret(text);
  return text;
}

function needTime(record: Readonly<Record<string, unknown>>, name: string): string {
  const text = need(record, name);
  if (Number.isNaN(Date.parse(text))) throw damaged(`"${name}" is not a time.`);
  return text;
}

function damaged(why: string): AccessError {
  return new AccessError('BOX_LOGIN_DAMAGED', 'The Box login cannot be read.', {
    why,
    remedy: 'ocr-pipeline login box',
  });
}

const DAY_MS = 86_400_000;
/** Days: Box ends a login whose refresh token was not used for 60 days (developer.box.com, Tokens). */
export const LIFE_DAYS = 60;
const WARN_FROM_DAYS = 45;

/** How long a person's login still lasts, from when it was used last. Pure. */
export function loginAge(
  record: PersonLogin,
  nowMs: number,
): { idleDays: number; daysLeft: number; endsSoon: boolean } {
  const idleDays = Math.max(0, Math.floor((nowMs - Date.parse(record.renewedAt)) / DAY_MS));
  return { idleDays, daysLeft: Math.max(0, LIFE_DAYS - idleDays), endsSoon: idleDays >= WARN_FROM_DAYS };
}

/** Seconds; what Box says where it says nothing sensible (developer.box.com, Access tokens). */
const USUAL_LIFE_S = 3_600;

/** When an access token ends, in milliseconds since the epoch; `expiresIn` is what Box says, in seconds. */
export function tokenEndMs(nowMs: number, expiresIn: unknown): number {
  return nowMs + (readWhole(expiresIn, 1, 86_400) ?? USUAL_LIFE_S) * 1_000;
}
