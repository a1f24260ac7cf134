import { readFile, stat } from 'node:fs/promises';

/** Who owns a file or folder, by name where this machine knows it: `maria`, `user 1042`; undefined where nobody tells. */
export async function ownerOf(path: string): Promise<string | undefined> {
  const facts = await stat(path).catch(() => undefined);
  return facts && (await nameOfUser(facts.uid));
}

/** A user's name for people; their number where there is none, as names of a directory service are not in passwd(5). */
export async function nameOfUser(uid: number): Promise<string> {
  const lines = await readFile('/etc/passwd', 'utf8').catch(() => '');
  // Name, password, number.
  const fields = lines.split('\n').map((line) => line.split(':'));
  return fields.find(([, , number]) => number === String(uid))?.[0] ?? `user ${uid}`;
}
