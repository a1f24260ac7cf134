import { readdir, readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startBoxEmulator, type BoxEmulator } from '../box-emulator/box-emulator.ts';
import { cleanEnvironment, makeFolder, runCli, type CliResult } from '../cli/run-cli.ts';
import { builtImage, IMAGE_TIMEOUT_MS, requireApptainer } from '../support/built-image.ts';
import { requireAll, requireLanguages } from '../support/requires.ts';
import { requireSlurm, SlurmLab } from '../support/slurm-lab.ts';

const need = requireAll(requireSlurm(), requireApptainer(), requireLanguages(['eng']));
const FIXTURES = resolve(import.meta.dirname, '../fixtures');

describe.skipIf(need.skip)('from Box, by a cluster, to Box', () => {
  let lab: SlurmLab;
  let emulator: BoxEmulator;
  let home: string;
  let image: string;
  let token: string;
  beforeAll(async () => {
    image = await builtImage();
    lab = await SlurmLab.start({ nodes: 2, cpus: 2 });
    emulator = await startBoxEmulator();
    home = makeFolder();
    token = emulator.issueTokens().access_token;
  }, IMAGE_TIMEOUT_MS);
  afterAll(async () => {
    await lab.close();
    await emulator.close();
    await rm(home, { recursive: true, force: true });
  });

  async function seed(name: string): Promise<string> {
    const { id } = emulator.seedFolder(name);
    await emulator.seedFile('Letters/three pages.pdf', await readFile(join(FIXTURES, 'scan-3-pages.pdf')), {
      parentId: id,
    });
    await emulator.seedFile('twelve.pdf', await readFile(join(FIXTURES, 'twelve-pages.pdf')), { parentId: id });
    return id;
  }

  function ocr(folderId: string, ...more: string[]): Promise<CliResult> {
    return runCli(['run', '--box-folder', folderId, '--jobs', '2', '--progress', 'plain', ...more], {
      env: {
        ...cleanEnvironment(home),
        ...lab.env,
        NO_PROXY: '127.0.0.1',
        OCR_PIPELINE_BOX_API_URL: emulator.apiUrl,
        OCR_PIPELINE_BOX_UPLOAD_URL: emulator.uploadUrl,
        OCR_PIPELINE_BOX_ACCOUNT_URL: emulator.oauthUrl,
        OCR_PIPELINE_SLURM_POLL: '1',
        BOX_DEVELOPER_TOKEN: token,
      },
      cwd: home,
    });
  }

  const results = (folderId: string): Record<string, string> =>
    Object.fromEntries(
      emulator
        .list(folderId)
        .filter(({ path }) => path.startsWith('OCR/'))
        .map(({ path, sha1 }) => [path, sha1]),
    );

  test('gives the bytes that this computer gives, and takes no secret along', async () => {
    const [onCluster, here] = [await seed('On the cluster'), await seed('Here')];
    const { code, stdout, stderr } = await ocr(onCluster, '--executor', 'slurm', '--image', image);
    expect(code, stderr).toBe(0);
    expect(stdout).toContain('All 2 documents are complete');
    expect((await ocr(here, '--engine', 'tesseract')).code).toBe(0);
    expect(Object.keys(results(onCluster))).toHaveLength(4);
    expect(results(onCluster)).toEqual(results(here));

    const script = await lab.call('scontrol', 'write', 'batch_script', '1', '-');
    expect(script).toContain('exec --cleanenv');
    const runs = join(home, 'ocr-runs');
    for (const entry of await readdir(runs, { recursive: true, withFileTypes: true })) {
      if (entry.isFile())
        expect(await readFile(join(entry.parentPath, entry.name), 'latin1'), entry.name).not.toContain(token);
    }
    expect(script).not.toContain(token);
  });

  test('stops with the words of the image when it lacks what is asked for', async () => {
    const { code, stderr } = await ocr(
      await seed('No such language'),
      '--executor',
      'slurm',
      '--image',
      image,
      '--lang',
      'chi_sim',
    );
    expect(code).toBe(69);
    expect(stderr).toContain('[LANG_MISSING]');
    const missing = await ocr(await seed('No image'), '--executor', 'slurm', '--image', join(home, 'none.sif'));
    expect(missing.stderr).toContain('[IMAGE_MISSING]');
  });
});
