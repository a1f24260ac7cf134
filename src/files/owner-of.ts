import { readFile, stat } from 'node:fs/promises';

/** Who owns a file or folder, by name where this machine knows it: `maria`, `user 1042`; undefined where nobody tells. */
export async function ownerOf(path: string): Promise<string | undefined> {
  try {
    const { uid } = await stat(path);
    // passwd(5): name, password, number. Names of a directory service are not in it.
    const lines = await readFile('/etc/passwd', 'utf8').catch(() => '');
    const name = lines
      .split('\n')
      .find((line) => line.split(':')[2] === String(uid))
      ?.split(':')[0];
    return name ?? `user ${uid}`;
  } catch {
    return undefined;
  }
}
