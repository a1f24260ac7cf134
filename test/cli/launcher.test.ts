import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BIN, cleanEnvironment, makeFolder, PROJECT, runCli } from './run-cli.ts';

/** Makes Node say that it is another version, before our first line runs. */
function pretend(version: string): string[] {
  const file = join(makeFolder(), 'pretend.cjs');
  writeFileSync(file, `Object.defineProperty(process.versions, 'node', { value: '${version}' });`);
  return ['--require', file];
}

describe('the launcher', () => {
  it.each(['0.10.48', '12.22.0', '18.20.4', '20.20.2', '22.12.0'])(
    'tells Node %s that it is too old, in one line',
    async (version) => {
      const { code, stdout, stderr } = await runCli(['--version'], { nodeArgs: pretend(version) });
      expect({ code, stdout }).toEqual({ code: 69, stdout: '' });
      expect(stderr).toBe(`ocr-pipeline needs Node 22.13 or newer; this is Node ${version}. [NODE_TOO_OLD] (69)\n`);
    },
  );

  it.each(['22.13.0', '23.0.0', '24.21.0', '100.0.0'])('starts with Node %s', async (version) => {
    expect(await runCli(['--version'], { nodeArgs: pretend(version) })).toMatchObject({ code: 0 });
  });

  it('is written so that any Node can read it', () => {
    const code = readFileSync(BIN, 'utf8').replaceAll(/\/\*[^]*?\*\//g, '');
    expect(code).not.toMatch(/=>|`|\b(?:const|let|class|async|await|import|export)\b|\?\.|\?\?/);
    expect(JSON.parse(readFileSync(join(PROJECT, 'bin', 'package.json'), 'utf8'))).toEqual({ type: 'commonjs' });
  });

  it('says what to do where neither build nor source can be run, or a part is missing', async () => {
    const elsewhere = makeFolder();
    cpSync(join(PROJECT, 'bin'), join(elsewhere, 'bin'), { recursive: true });
    const script = join(elsewhere, 'bin', 'ocr-pipeline.js');
    expect(await runCli(['--version'], { script })).toMatchObject({
      code: 69,
      stderr: expect.stringContaining('npm run build') as string,
    });
    mkdirSync(join(elsewhere, 'dist', 'cli'), { recursive: true });
    writeFileSync(
      join(elsewhere, 'dist', 'cli', 'main.js'),
      `import 'a-package-that-is-not-there'; export function main() {}`,
    );
    writeFileSync(join(elsewhere, 'package.json'), '{"type":"module"}');
    expect(await runCli(['--version'], { script })).toMatchObject({
      code: 69,
      stderr: expect.stringContaining('npm install') as string,
    });
  });

  it.skipIf(process.platform === 'win32')(
    'keeps compiled code where nobody else can write, and runs none from elsewhere',
    async () => {
      const home = makeFolder();
      const launch = `umask 0; exec "$0" "$@"`;
      const start = (): void => {
        execFileSync('sh', ['-c', launch, process.execPath, BIN, '--version'], {
          env: { ...cleanEnvironment(home), NODE_COMPILE_CACHE: '' },
        });
      };
      start();
      const cache = join(home, '.cache', 'ocr-pipeline');
      expect(statSync(cache).mode & 0o777).toBe(0o700);
      expect(readdirSync(cache)).toEqual(['node']);
      rmSync(join(cache, 'node'), { recursive: true });
      chmodSync(cache, 0o777);
      start();
      expect(readdirSync(cache)).toEqual([]);
    },
  );
});
