import { BoxClient, BoxDeveloperTokenAuth, BoxOAuth, OAuthConfig } from 'box-node-sdk';
import { BaseUrls, BoxRetryStrategy, NetworkSession } from 'box-node-sdk/networking';
import type { BoxEmulator } from './box-emulator.ts';

export interface SdkClientOptions {
  readonly accessToken?: string | undefined;
  /** The SDK's own strategy, with short waits when absent. */
  readonly retryStrategy?: BoxRetryStrategy | undefined;
  readonly timeoutMs?: number | undefined;
}

/** Short waits between attempts: the number of attempts is the SDK's own. */
export const QUICK_RETRIES = new BoxRetryStrategy({ retryBaseInterval: 0.005 });

/** How the SDK is pointed at the emulator. */
export function networkTo(emulator: BoxEmulator, options: SdkClientOptions = {}): NetworkSession {
  return new NetworkSession({
    baseUrls: new BaseUrls({
      baseUrl: emulator.apiUrl,
      uploadUrl: emulator.uploadUrl,
      oauth2Url: emulator.oauthUrl,
    }),
    retryStrategy: options.retryStrategy ?? QUICK_RETRIES,
    ...(options.timeoutMs === undefined ? {} : { timeoutConfig: { timeoutMs: options.timeoutMs } }),
  });
}

/** The real SDK, logged in as the owner by an access token. */
export function sdkClient(emulator: BoxEmulator, options: SdkClientOptions = {}): BoxClient {
  const token = options.accessToken ?? emulator.issueTokens().access_token;
  return new BoxClient({
    auth: new BoxDeveloperTokenAuth({ token }),
    networkSession: networkTo(emulator, options),
  });
}

/** The SDK's OAuth login for the emulator's app. */
export function sdkOAuth(emulator: BoxEmulator): BoxOAuth {
  return new BoxOAuth({
    config: new OAuthConfig({ clientId: emulator.clientId, clientSecret: emulator.clientSecret }),
  });
}
