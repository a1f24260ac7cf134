import { chmod, lstat, mkdir, mkdtemp, readFile, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readLogin, removeLogin, writeLogin } from '../../../../src/stores/box/login/login-file.ts';
import type { LoginRecord } from '../../../../src/stores/box/login/login-record.ts';

const RECORD: LoginRecord = {
  kind: 'app',
  user: { id: '1', name: 'Ada', login: 'ada@example.org' },
  apiUrl: 'https://api.box.com',
  appFile: '/home/ada/app.json',
};

describe('the file of a login', () => {
  let base: string;
  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'login-file-'));
  });
  afterEach(() => rm(base, { recursive: true, force: true }));

  it('that is a link is written, read and removed where it leads', async () => {
    await mkdir(join(base, 'real'), { mode: 0o700 });
    const [link, target] = [join(base, 'box.json'), join(base, 'real/box.json')];
    await symlink('real/box.json', link);
    for (const appFile of ['/first', '/second']) {
      await writeLogin(link, { ...RECORD, appFile });
      expect((await lstat(link)).isSymbolicLink()).toBe(true);
      expect(await readFile(target, 'utf8')).toContain(appFile);
      expect((await stat(target)).mode & 0o777).toBe(0o600);
      expect(await readLogin(link)).toMatchObject({ appFile });
    }
    await removeLogin(link);
    await expect(stat(target)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('is not used where all may put another in its place', async () => {
    const file = join(base, 'open/box.json');
    await writeLogin(file, RECORD);
    await chmod(join(base, 'open'), 0o777);
    await expect(readLogin(file)).rejects.toMatchObject({ code: 'BOX_LOGIN_EXPOSED', exitCode: 77 });
    await chmod(join(base, 'open'), 0o755);
    expect(await readLogin(file)).toMatchObject({ kind: 'app' });
  });
});
