import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { app as realApp } from '../../../src/app/app.ts';
import { loadSettings } from '../../../src/config/load-settings.ts';
import { runProgram } from '../../../src/cli/program.ts';
import { listenForStop } from '../../../src/cli/stop-signals.ts';
import type { RunRequest } from '../../../src/core/run-request.ts';
import { memoryTerminal } from '../memory-terminal.ts';
import { makeFolder } from '../run-cli.ts';

let home = '';
let folder = '';
let asked: RunRequest[] = [];
beforeEach(() => {
  home = makeFolder();
  folder = makeFolder();
  asked = [];
});

function write(yaml: string): void {
  writeFileSync(join(folder, 'ocr-pipeline.yaml'), yaml, { mode: 0o644 });
}

async function type(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const { terminal, out, err } = memoryTerminal();
  const startRun = (request: RunRequest): Promise<never> => {
    asked.push(request);
    return Promise.reject(new Error('enough'));
  };
  const stop = listenForStop({ on: () => undefined, off: () => undefined }, () => undefined);
  const shell = { workingFolder: folder, environment: { HOME: home } };
  const code = await runProgram({ args, terminal, shell, stop, app: { ...realApp, startRun } });
  return { code, out: out(), err: err() };
}

const STRANGE = 'input: scans\nbox-output-folder: "666"\non-conflict: version\n';

describe("a project's file that says where data come from and where they go", () => {
  it('starts nothing before it is trusted, and says the words to say', async () => {
    write(STRANGE);
    const { code, err } = await type('run');
    expect(code).toBe(78);
    expect(asked).toEqual([]);
    expect(err).toContain('[CONFIG_NOT_TRUSTED]');
    expect(err).toMatch(/box-output-folder is 666\.\n +on-conflict is version\./);
    expect(err).toContain('ocr-pipeline config trust');
  });

  it('holds once it is trusted, until it changes, and is said with its lines before the start', async () => {
    write(STRANGE);
    expect(await type('config', 'trust')).toMatchObject({
      code: 0,
      out: expect.stringContaining('is trusted') as string,
    });
    const trusted = await type('run');
    expect(asked[0]?.destination).toEqual({ kind: 'box', address: '666' });
    expect(trusted.err).toMatch(/From \.\/ocr-pipeline\.yaml:\n/);
    expect(trusted.err).toMatch(/box-output-folder +666 +\.\/ocr-pipeline\.yaml line 2/);
    expect(trusted.err).toMatch(/on-conflict +version +\.\/ocr-pipeline\.yaml line 3/);
    write(STRANGE.replace('666', '667'));
    expect((await type('run')).err).toContain('[CONFIG_NOT_TRUSTED]');
    expect(asked).toHaveLength(1);
  });

  it('is said in a line of JSON where a program reads', async () => {
    write(STRANGE);
    await type('config', 'trust');
    const [first = ''] = (await type('run', '--progress', 'json')).err.split('\n');
    expect(JSON.parse(first)).toMatchObject({
      code: 'FROM_PROJECT_FILE',
      text: expect.stringContaining('line 2') as string,
    });
  });

  it.each(['work-dir: /elsewhere', 'executor: slurm', 'slurm:\n  account: theirs', 'box-folder: "0"', 'output: /pub'])(
    'needs trust for each of them: %s',
    async (yaml) => {
      write(`${yaml}\n`);
      expect((await type('run', '--input', 'a')).err).toContain('[CONFIG_NOT_TRUSTED]');
    },
  );

  it('needs none for how pages are read, nor where a flag decides', async () => {
    write('lang: deu\noutput: /pub\n');
    await type('run', '--input', 'a', '--output', 'b');
    expect(asked[0]?.settings.language).toBe('deu');
    expect((await type('config', 'explain')).code).toBe(0);
  });

  it('is trusted where its person wrote it with config set, and not where somebody else began it', async () => {
    expect((await type('config', 'set', '--project', 'output', 'text')).code).toBe(0);
    await type('run', '--input', 'a');
    expect(asked).toHaveLength(1);
    write(STRANGE);
    await type('config', 'set', '--project', 'lang', 'deu');
    expect((await type('run')).err).toContain('[CONFIG_NOT_TRUSTED]');
  });
});

describe("a project's file that is not this person's alone", () => {
  it.each([0o666, 0o646])('is refused when others can write it: %o', async (mode) => {
    write('lang: deu\n');
    chmodSync(join(folder, 'ocr-pipeline.yaml'), mode);
    const { code, err } = await type('run', '--input', 'a', '--output', 'b');
    expect(code).toBe(78);
    expect(err).toContain('can be written by others');
    expect(err).toContain('chmod go-w ./ocr-pipeline.yaml');
    expect(asked).toEqual([]);
  });

  it.runIf(process.getuid?.() === 0)('is refused when it is of another owner', async () => {
    write('lang: deu\n');
    chownSync(join(folder, 'ocr-pipeline.yaml'), 4242, 4242);
    expect((await type('run', '--input', 'a', '--output', 'b')).err).toMatch(/belongs to somebody else \(user 4242\)/);
  });
});

describe('variables in paths of a file', () => {
  it.each(['BOX_DEVELOPER_TOKEN', 'OCR_PIPELINE_BOX_CLIENT_SECRET', 'MY_TOKEN', 'SLURM_JWT', 'ANYTHING'])(
    "never are %s in a project's file",
    async (name) => {
      write(['work-dir: ./wd-${', name, '}\n'].join(''));
      const shell = { workingFolder: folder, environment: { HOME: home, [name]: 'S3cr3tS3cr3t' } };
      await expect(loadSettings(new Map(), shell)).rejects.toMatchObject({ code: 'CONFIG_NO_VARIABLE' });
    },
  );

  it('may say where somebody works; secrets are not for the own file either', async () => {
    write('work-dir: $SCRATCH/$USER/$SLURM_JOB_ID\n');
    const environment = {
      HOME: home,
      SCRATCH: '/scratch',
      USER: 'ada',
      SLURM_JOB_ID: '7',
      GROUP_SPACE: '/g',
      A_TOKEN: 'x',
    };
    const shell = { workingFolder: folder, environment };
    expect((await loadSettings(new Map(), shell)).settings.workDir).toBe('/scratch/ada/7');
    const own = join(home, '.config', 'ocr-pipeline');
    mkdirSync(own, { recursive: true });
    write('');
    writeFileSync(join(own, 'config.yaml'), 'work-dir: $GROUP_SPACE/x\n');
    expect((await loadSettings(new Map(), shell)).settings.workDir).toBe('/g/x');
    writeFileSync(join(own, 'config.yaml'), 'work-dir: /$A_TOKEN/x\n');
    await expect(loadSettings(new Map(), shell)).rejects.toMatchObject({ code: 'CONFIG_NO_VARIABLE' });
  });
});

it('what is trusted is kept beside the own settings, as paths and digests', async () => {
  write(STRANGE);
  await type('config', 'trust');
  const kept = readFileSync(join(home, '.config', 'ocr-pipeline', 'trusted.json'), 'utf8');
  expect(JSON.parse(kept)).toEqual({
    [join(folder, 'ocr-pipeline.yaml')]: expect.stringMatching(/^[\da-f]{64}$/) as string,
  });
});
