import type { Agent } from 'node:http';
import type { BoxClient } from 'box-node-sdk';
import type { Authentication, NetworkClient, NetworkSession } from 'box-node-sdk/networking';
import type { BoxLogin } from '../login/box-login.ts';
import type { BoxSettings } from './box-settings.ts';
import { checkBoxSettings } from './box-settings.ts';
import { systemClock, type Clock } from './clock.ts';
import { HttpClient } from './http-client.ts';
import { Pace } from './pace.ts';
import { PacedClient } from './paced-client.ts';
import { checkProxy } from './proxy.ts';
import { RetryingClient, type WaitListener } from './retrying-client.ts';

export interface ConnectOptions {
  readonly settings: BoxSettings;
  readonly onWait?: WaitListener | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: (() => number) | undefined;
}

/** The way to Box without a login: for the token calls. Close it. */
export interface BoxNetwork {
  readonly settings: BoxSettings;
  readonly clock: Clock;
  readonly random: () => number;
  readonly onWait: WaitListener | undefined;
  readonly agent: Agent;
  /** Makes single attempts within the rate limits. */
  readonly paced: NetworkClient;
  /** A session of the SDK over a client of ours. */
  sessionOver(client: NetworkClient): NetworkSession;
  close(): void;
}

/** The way to Box with a login. */
export interface BoxConnection {
  readonly network: BoxNetwork;
  readonly client: BoxClient;
}

/** Sets up the network side. Loads the SDK (some 300 ms); nothing is sent yet. */
export async function openNetwork(options: ConnectOptions): Promise<BoxNetwork> {
  const settings = checkBoxSettings(options.settings);
  const { BaseUrls, NetworkSession } = await import('box-node-sdk/networking');
  const clock = options.clock ?? systemClock;
  const baseUrls = new BaseUrls({
    baseUrl: settings.apiUrl,
    uploadUrl: settings.uploadUrl,
    oauth2Url: settings.accountUrl,
  });
  // The SDK's agent honours HTTPS_PROXY and NO_PROXY; by default it would open a connection for every call.
  const session = new NetworkSession({ baseUrls }).withCustomAgentOptions({ keepAlive: true, maxSockets: 32 });
  const agent = session.agent as Agent;
  await checkProxy(agent, settings.apiUrl);
  const http = new HttpClient(agent, clock, settings.idleTimeoutMs);
  const calls = new Pace(settings.callsPerMinute, clock);
  const uploads = new Pace(settings.uploadsPerMinute, clock);
  return {
    settings,
    clock,
    random: options.random ?? Math.random,
    onWait: options.onWait,
    agent,
    paced: new PacedClient(http, calls, uploads),
    sessionOver: (client) => session.withNetworkClient(client),
    close: () => agent.destroy(),
  };
}

/** Joins a network and a login into the SDK's client: attempts are paced, then retried, then the SDK's. */
export async function connect(network: BoxNetwork, login: BoxLogin): Promise<BoxConnection> {
  const { BoxClient } = await import('box-node-sdk');
  const { settings, clock, random, onWait } = network;
  const client = new RetryingClient(network.paced, { clock, random, onWait, login, limits: settings });
  return { network, client: new BoxClient({ auth: markOf(login), networkSession: network.sessionOver(client) }) };
}

/** Tells our client which calls need a token. The SDK itself never asks it for one. */
function markOf(login: BoxLogin): Authentication {
  const token = async (): Promise<{ accessToken: string }> => ({ accessToken: await login.accessToken() });
  return {
    retrieveToken: token,
    refreshToken: async () => ({ accessToken: await login.renew(await login.accessToken()) }),
    retrieveAuthorizationHeader: async () => `Bearer ${await login.accessToken()}`,
    revokeToken: async () => undefined,
    downscopeToken: token,
  };
}
