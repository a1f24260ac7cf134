/** Shorter texts would hide half of what is said; no token or app secret is so short. */
const SHORTEST = 8;
/** Tokens are renewed every hour: the oldest of a long run are of use to nobody any more. */
const MOST_KEPT = 200;

export const HIDDEN = '[hidden]';

/** The secrets this process holds, in every way they may be written: of the process, since whatever it prints may hold one. */
const known = new Set<string>();

/**
 * Makes known a secret that came into this process, so that it is hidden exactly wherever it would be printed or logged. To be
 * called where a secret is read or received. Ends of lines and spaces around it are not part of it.
 */
export function registerSecret(secret: string | undefined): void {
  const text = secret?.trim() ?? '';
  if (text.length < SHORTEST) return;
  for (const form of [text, encodeURIComponent(text.toWellFormed()), JSON.stringify(text).slice(1, -1)]) {
    known.delete(form);
    known.add(form);
  }
  for (const form of known) {
    if (known.size <= MOST_KEPT) return;
    known.delete(form);
  }
}

/** Hides the secrets this process knows, and nothing else: people's own words stay as they are. */
export function hideKnownSecrets(text: string): string {
  let safe = text;
  // A secret may be part of a longer one: the longer first.
  for (const secret of [...known].toSorted((a, b) => b.length - a.length)) safe = safe.replaceAll(secret, HIDDEN);
  return safe;
}
