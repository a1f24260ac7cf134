import { execFile } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.ts';
import { programName, typedCommands, type ProgramCall } from '../../src/cli/typed-commands.ts';
import { BIN, makeFolder, PROJECT, runCli } from './run-cli.ts';

const shell = promisify(execFile);
const BARE = '/usr/bin:/bin';

function call(parts: Partial<ProgramCall>): ProgramCall {
  return { script: BIN, node: process.execPath, workingFolder: '/', environment: { PATH: BARE }, ...parts };
}

/** A folder that holds a link of the program's name. */
function linkTo(target: string): string {
  const folder = makeFolder();
  symlinkSync(target, join(folder, 'ocr-pipeline'));
  return folder;
}

describe('the name of the program, as this person must type it', () => {
  it('is plain where it is on the PATH and is this program', () => {
    for (const target of [BIN, join(PROJECT, 'bin', 'ocr-pipeline')])
      expect(programName(call({ environment: { PATH: `/nowhere:${linkTo(target)}:${BARE}` } }))).toBe('ocr-pipeline');
  });

  it('is not plain where another program has that name', () => {
    const other = makeFolder();
    writeFileSync(join(other, 'ocr-pipeline'), '#!/bin/sh\n', { mode: 0o755 });
    expect(programName(call({ workingFolder: PROJECT, environment: { PATH: `${other}:${BARE}` } }))).toBe(
      'npx ocr-pipeline',
    );
  });

  it('is npx in a checkout and below it, and where npx started it', () => {
    expect(programName(call({ workingFolder: PROJECT }))).toBe('npx ocr-pipeline');
    expect(programName(call({ workingFolder: join(PROJECT, 'docs') }))).toBe('npx ocr-pipeline');
    expect(programName(call({ environment: { PATH: BARE, npm_command: 'exec' } }))).toBe('npx ocr-pipeline');
  });

  it('is npx where it is a dependency, though npm has it on the PATH while it runs', () => {
    const project = makeFolder();
    const linked = join(project, 'node_modules', '.bin');
    mkdirSync(linked, { recursive: true });
    symlinkSync(BIN, join(linked, 'ocr-pipeline'));
    const environment = { PATH: `${linked}:${BARE}` };
    expect(programName(call({ workingFolder: project, environment: { PATH: BARE } }))).toBe('npx ocr-pipeline');
    expect(programName(call({ workingFolder: '/', environment: { ...environment, npm_command: 'exec' } }))).toBe(
      'npx ocr-pipeline',
    );
  });

  it('is a path from elsewhere, short where it is in the home folder, quoted where it must be', () => {
    expect(programName(call({}))).toBe(join(PROJECT, 'bin', 'ocr-pipeline'));
    expect(programName(call({ environment: { PATH: BARE, HOME: realpathSync(PROJECT).replace(/\/$/, '') } }))).toBe(
      '~/bin/ocr-pipeline',
    );
    const odd = join(makeFolder(), "it's here");
    cpSync(join(PROJECT, 'bin'), join(odd, 'bin'), { recursive: true });
    const script = join(odd, 'bin', 'ocr-pipeline.js');
    expect(programName(call({ script }))).toBe(
      String.raw`'${join(odd, 'bin', 'ocr-pipeline').replace("'", String.raw`'\''`)}'`,
    );
    chmodSync(script, 0o644);
    chmodSync(join(odd, 'bin', 'ocr-pipeline'), 0o644);
    expect(programName(call({ script }))).toMatch(/^node '.*ocr-pipeline\.js'$/);
  });

  it('is the launcher that the image unpacked, or the image itself inside it', () => {
    const root = join(makeFolder(), 'ocr');
    for (const folder of ['bin', 'app/bin', 'node/bin']) mkdirSync(join(root, folder), { recursive: true });
    for (const file of ['bin/ocr-pipeline', 'app/bin/ocr-pipeline.js', 'node/bin/node'])
      writeFileSync(join(root, file), '', { mode: 0o755 });
    const unpacked = { script: join(root, 'app/bin/ocr-pipeline.js'), node: join(root, 'node/bin/node') };
    expect(programName(call(unpacked))).toBe(join(realpathSync(root), 'bin/ocr-pipeline'));
    expect(programName(call({ ...unpacked, environment: { PATH: join(root, 'bin') } }))).toBe('ocr-pipeline');
    const inside = { APPTAINER_CONTAINER: '/sw/ocr-pipeline.sif', APPTAINER_COMMAND: 'run' };
    expect(programName(call({ ...unpacked, environment: inside }))).toBe('apptainer run /sw/ocr-pipeline.sif');
    expect(programName(call({ environment: { SINGULARITY_CONTAINER: '/sw/ocr-pipeline.sif' } }))).toBe(
      'singularity run /sw/ocr-pipeline.sif',
    );
  });

  it('stands in sentences for commands alone, not for paths, versions or another computer', () => {
    const typed = typedCommands(call({ workingFolder: PROJECT }));
    const kept =
      'ocr-pipeline 1.0.0, ~/ocr-pipeline/bin, ocr-pipeline runs.pdf, npx ocr-pipeline run, "ocr-pipeline run"';
    expect(typed(kept)).toBe(kept);
    expect(typed('ocr-pipeline login box --hand-over | ssh HOST ocr-pipeline login box --receive')).toBe(
      'npx ocr-pipeline login box --hand-over | ssh HOST ocr-pipeline login box --receive',
    );
  });
});

describe('every screen in a checkout', () => {
  const COMMAND = new RegExp(`(?<!npx |ssh HOST )ocr-pipeline (?:${COMMANDS.map(({ name }) => name).join('|')})\\b`);
  const options = { cwd: PROJECT, env: { PATH: `${join(PROJECT, 'node_modules', '.bin')}:${BARE}` } };

  it.each([
    ['--help'],
    ['help', 'config'],
    ['rnu'],
    ['--input', 'x'],
    ['status'],
    ['resume'],
    ['run'],
    ['run', '--input', 'nowhere', '--output', 'x'],
    ['plan', '--box-folder', '1', '--box-output-folder', '2'],
    ['doctor', 'config', 'space'],
    ['doctor', 'box', '--json'],
    ['logout', 'bix'],
    ['config', 'set', 'lang'],
    ['config', 'get'],
    ['languages'],
    ['run', '--help'],
    ['login', '--help'],
    ['config', '--help'],
  ])('%s %s: gives commands that work there', async (...args) => {
    const { stdout, stderr } = await runCli(args, options);
    expect(stdout + stderr).not.toMatch(COMMAND);
    expect(stdout + stderr).not.toBe('');
    for (const line of (stdout + stderr).split('\n')) {
      // A command is not broken, so that it can be copied.
      if (!/^ *(?:Next: )?npx ocr-pipeline /.test(line)) expect(line.length).toBeLessThanOrEqual(80);
    }
  });

  it('can be installed for good by a link to its launcher, which brings its own Node.js', async () => {
    const folder = linkTo(join(PROJECT, 'bin', 'ocr-pipeline'));
    const environment = { PATH: `${folder}:${BARE}`, HOME: makeFolder() };
    const { stdout } = await shell('ocr-pipeline', ['--help'], { cwd: '/', env: environment });
    expect(stdout).toContain('\n  ocr-pipeline run --input ./scans --output ./text\n');
  });
});
