import { createHash, timingSafeEqual } from 'node:crypto';

/** The address a person opens to log in. The SDK's own is fixed to Box's production host. */
export function authorizeAddress(accountUrl: string, clientId: string, redirectUri: string, state: string): string {
  const query = new URLSearchParams({ response_type: 'code', client_id: clientId, redirect_uri: redirectUri, state });
  return `${accountUrl}/authorize?${query.toString()}`;
}

/** What Box sent the browser back with. `foreign`: it answers somebody else's question and is not to be used. */
export type Redirect =
  | { readonly kind: 'code'; readonly code: string }
  | { readonly kind: 'denied' }
  | { readonly kind: 'foreign' }
  | { readonly kind: 'none' };

/** Reads the address the browser was sent to. Pure. Only what carries our own `state` counts. */
export function readRedirect(address: string, state: string): Redirect {
  const url = URL.parse(address.trim());
  if (!url) return { kind: 'none' };
  const code = url.searchParams.get('code');
  const error = url.searchParams.get('error');
  if (code === null && error === null) return { kind: 'none' };
  if (!sameText(url.searchParams.get('state') ?? '', state)) return { kind: 'foreign' };
  return code === null || code === '' ? { kind: 'denied' } : { kind: 'code', code };
}

/** In a time that does not tell how much of it is right. */
function sameText(a: string, b: string): boolean {
  return timingSafeEqual(digestOf(a), digestOf(b));
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
