import type { Agent } from 'node:http';
import { ConfigError } from '../../../core/errors.ts';

/** What the SDK's agent can be asked: the proxy that the environment names for an address, `''` for none. */
interface ProxyAware {
  readonly getProxyForUrl: (url: string) => string | Promise<string>;
}

const SCHEMES = ['http:', 'https:', 'socks:', 'socks4:', 'socks4a:', 'socks5:', 'socks5h:'];

/** The proxy that an address is reached through, as `host:port`: its name and password are left out. Undefined: none. */
export async function proxyFor(agent: Agent, url: string): Promise<string | undefined> {
  if (!('getProxyForUrl' in agent)) return undefined;
  const named = await (agent as unknown as ProxyAware).getProxyForUrl(url);
  return named === '' ? undefined : (URL.parse(named)?.host ?? 'that the environment names');
}

/**
 * Checks how the environment names the proxy for an address, before it is used.
 * @throws {ConfigError} `PROXY_SETTING`. What was set is not repeated: it may hold a password.
 */
export async function checkProxy(agent: Agent, url: string): Promise<void> {
  if (!('getProxyForUrl' in agent)) return;
  const named = await (agent as unknown as ProxyAware).getProxyForUrl(url);
  if (named === '') return;
  const proxy = URL.parse(named);
  if (proxy && SCHEMES.includes(proxy.protocol) && proxy.hostname !== '') return;
  throw new ConfigError('PROXY_SETTING', 'The environment names a proxy in a way that cannot be read.', {
    why: 'HTTPS_PROXY (or ALL_PROXY) is not an address.',
    safe: 'Nothing was started.',
    remedy: 'Write it as http://HOST:PORT',
  });
}
