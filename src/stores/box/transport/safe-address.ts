import { BlockList, isIP } from 'node:net';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8);
LOOPBACK.addAddress('::1', 'ipv6');

/** Addresses of this computer and of networks around it (IANA special-purpose registries): Box is at none of them. */
const NEARBY = new BlockList();
for (const [net, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const)
  NEARBY.addSubnet(net, prefix);
for (const [net, prefix] of [
  ['::', 127],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
  // IPv4 inside IPv6 (NAT64, Teredo, 6to4): a name may lead there, an address of Box never does.
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['2001::', 32],
  ['2002::', 16],
] as const)
  NEARBY.addSubnet(net, prefix, 'ipv6');

/** Whether secrets may be sent there: https, or plain http to this computer. */
export function isSafeAddress(address: string): boolean {
  const url = URL.parse(address);
  return url !== null && isEncryptedOrHere(url);
}

/**
 * Whether an address that the server names may be called: as safe as those of the settings, without a name or password in
 * it, and no host of this computer or the networks around it, unless the server itself is there.
 */
export function isSafeLink(link: string, apiUrl: string): boolean {
  const url = URL.parse(link);
  const api = URL.parse(apiUrl);
  if (!url || !api || !isEncryptedOrHere(url) || url.username !== '' || url.password !== '') return false;
  if (hostOf(url) === hostOf(api)) return true;
  if (isLoopback(hostOf(url))) return isLoopback(hostOf(api));
  return !isNearby(hostOf(url));
}

function isEncryptedOrHere(url: URL): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(hostOf(url)));
}

/** Without the brackets of IPv6 and the dot that a full name may end with. */
function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || isIn(LOOPBACK, host);
}

function isNearby(host: string): boolean {
  return isLoopback(host) || /\.(?:local|internal|lan|home\.arpa)$/.test(host) || isIn(NEARBY, host);
}

/** Also where IPv4 is written as IPv6 (`::ffff:127.0.0.1`): a BlockList looks at what is meant. */
function isIn(list: BlockList, host: string): boolean {
  const kind = isIP(host);
  return kind !== 0 && list.check(host, kind === 4 ? 'ipv4' : 'ipv6');
}
