import { ConfigError } from '../../../core/errors.ts';
import { isSafeAddress } from './safe-address.ts';

/** Where Box is and how it is asked. Everything has a default; see docs/box.md. */
export interface BoxSettings {
  /** Also answers the token call. */
  readonly apiUrl: string;
  readonly uploadUrl: string;
  /** Where a person logs in. */
  readonly accountUrl: string;
  /** For the links that people open. */
  readonly webUrl: string;
  /** Box allows 1,000 calls a minute a user (developer.box.com, Rate limits). */
  readonly callsPerMinute: number;
  /** Box allows 240 uploads a minute a user (same page). */
  readonly uploadsPerMinute: number;
  /** How long throttling (429, 202, Retry-After) is waited out, a call. */
  readonly maxWaitMs: number;
  /** How long an unreachable or failing Box is tried again, a call. */
  readonly maxOutageMs: number;
  /** A transfer that moves no byte for this long is given up and begun again. */
  readonly idleTimeoutMs: number;
  /** Files from this size on go up in parts; Box refuses sessions below 20 MB. */
  readonly chunkFromBytes: number;
  /** Parts of one file that go up at once. Each is read twice, none is held in memory. */
  readonly partsAtOnce: number;
}

export const DEFAULT_BOX_SETTINGS: BoxSettings = {
  apiUrl: 'https://api.box.com',
  uploadUrl: 'https://upload.box.com/api',
  accountUrl: 'https://account.box.com/api/oauth2',
  webUrl: 'https://app.box.com',
  callsPerMinute: 1000,
  uploadsPerMinute: 240,
  maxWaitMs: 6 * 3_600_000,
  maxOutageMs: 600_000,
  idleTimeoutMs: 60_000,
  chunkFromBytes: 20_000_000,
  partsAtOnce: 4,
};

/**
 * Checks settings that come from people: tokens must not travel unencrypted, limits must be limits.
 * @throws {ConfigError} naming the setting.
 */
export function checkBoxSettings(settings: BoxSettings): BoxSettings {
  for (const name of ['apiUrl', 'uploadUrl', 'accountUrl', 'webUrl'] as const) {
    if (!isSafeAddress(settings[name]))
      throw new ConfigError('BOX_SETTING', `The Box setting ${name} is not an https address.`, {
        why: 'Box logins are only sent encrypted, or to this computer itself.',
      });
  }
  for (const name of [
    'callsPerMinute',
    'uploadsPerMinute',
    'idleTimeoutMs',
    'chunkFromBytes',
    'partsAtOnce',
  ] as const) {
    if (!Number.isSafeInteger(settings[name]) || settings[name] < 1)
      throw new ConfigError('BOX_SETTING', `The Box setting ${name} must be a whole number above 0.`);
  }
  return settings;
}
