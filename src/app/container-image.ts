import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { constants, stat } from 'node:fs/promises';
import { basename, delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { isThere } from '../files/is-there.ts';
import { isImageAnswer } from '../core/check-shape.ts';
import { childEnvironment } from '../core/child-environment.ts';
import { ConfigError, errorFromRecord, MissingDependencyError, type ErrorRecord } from '../core/errors.ts';
import type { EngineName } from '../core/settings.ts';
import { explainStart } from '../core/start-failure.ts';
import { chooseEngine, type ChosenEngine } from '../engines/find-engines.ts';
import type { Disk } from '../files/disk.ts';
import { parseLine, sealLine } from '../files/ndjson.ts';
import { readSmallFile } from '../files/read-small-file.ts';
import type { ContainerImageReport, IdentifiedEngine } from './contract.ts';
import { programVersion } from '../config/program-version.ts';

/** Starting a container from a cold file system takes seconds; a minute is a hang. */
const ASK_TIMEOUT_MS = 120_000;
/** A person waits for this one. */
const INSPECT_TIMEOUT_MS = 25_000;
const MOST_OUTPUT_BYTES = 1 << 22;
const PROGRAMS = ['apptainer', 'singularity'] as const;
const run = promisify(execFile);

/**
 * Settles which engine reads in a container image, by asking the program in it. The answer is kept in the work folder under
 * the image's path, size and time, for nodes that have no Apptainer.
 * @throws {MissingDependencyError} `IMAGE_MISSING`, `APPTAINER_MISSING`, `IMAGE_BROKEN`, and what the image says: `LANG_MISSING`.
 * @throws {ConfigError} `IMAGE_VERSION`: its program is not ours.
 */
export async function chooseEngineOfImage(
  image: string,
  {
    engine,
    language,
    workDir,
  }: { readonly engine: EngineName | 'auto'; readonly language: string; readonly workDir: string },
  disk: Disk,
): Promise<ChosenEngine> {
  const facts = await stat(image).catch(() => undefined);
  if (!facts) {
    throw new MissingDependencyError('IMAGE_MISSING', `The container image is not where the settings say: ${image}`, {
      safe: 'Nothing was started.',
      remedy: '--image FILE   names it; your research-computing staff may have one.',
    });
  }
  const key = createHash('sha256')
    .update(JSON.stringify([image, facts.size, facts.mtimeMs, engine, language]))
    .digest('hex')
    .slice(0, 16);
  const kept = join(workDir, `image-${key}.json`);
  const known = parseLine<IdentifiedEngine>(
    await readSmallFile(kept).then(
      ({ text }) => text.trimEnd(),
      () => '',
    ),
  );
  const answer = known && isImageAnswer(known) ? known : await readEngineOfImage(image, engine, language);
  if (answer.programVersion !== programVersion()) {
    throw new ConfigError(
      'IMAGE_VERSION',
      `The image has version ${answer.programVersion} of this program; this one is ${programVersion()}.`,
      {
        why: 'Results of different versions cannot be mixed.',
        safe: 'Nothing was started.',
        remedy: 'Use the program of the image: apptainer run IMAGE unpack FOLDER   then FOLDER/bin/ocr-pipeline',
      },
    );
  }
  if (answer !== known) {
    await disk.makeFolder(workDir);
    await disk.writeWhole(kept, sealLine(answer));
  }
  return answer.engine;
}

async function readEngineOfImage(
  image: string,
  engine: EngineName | 'auto',
  language: string,
): Promise<IdentifiedEngine> {
  const program = await findContainerProgram();
  if (program === undefined && (await isUnpacked()))
    return { programVersion: programVersion(), engine: await chooseEngine(engine, language) };
  if (program === undefined) {
    throw new MissingDependencyError(
      'APPTAINER_MISSING',
      'Neither apptainer nor singularity is on this machine, and what is in the image is not known yet.',
      {
        safe: 'Nothing was started.',
        remedy: 'Run this once on a login node; then it works here, too.',
      },
    );
  }
  const question = [
    'exec',
    '--cleanenv',
    image,
    'ocr-pipeline',
    'engines',
    '--json',
    '--lang',
    language,
    '--engine',
    engine,
  ];
  try {
    const { stdout } = await run(program, question, {
      timeout: ASK_TIMEOUT_MS,
      maxBuffer: MOST_OUTPUT_BYTES,
      env: childEnvironment('container', process.env),
    });
    const answer = parseLine<IdentifiedEngine>(stdout.trim().split('\n').at(-1) ?? '');
    if (answer?.engine !== undefined) return answer;
    throw new Error(`it answered: ${stdout.slice(0, 200)}`);
  } catch (cause) {
    const said = cause instanceof Error && 'stderr' in cause ? String(cause.stderr) : '';
    const record = said
      .split('\n')
      .flatMap((line) => parseLine<ErrorRecord & { type?: string }>(line) ?? [])
      .find(({ type }) => type === 'error');
    if (record) throw errorFromRecord(record);
    const refused = explainStart(cause, basename(program));
    if (refused) throw refused;
    throw new MissingDependencyError(
      'IMAGE_BROKEN',
      `The container image ${image} does not run here.`,
      {
        why: said.trim().split('\n').slice(-5).join('\n') || (cause instanceof Error ? cause.message : undefined),
        safe: 'Nothing was started.',
        remedy: 'ocr-pipeline doctor image',
      },
      { cause },
    );
  }
}

/**
 * This program was unpacked from an image (`apptainer run IMAGE unpack FOLDER`), and has what is in it beside it. Should the
 * image be another one, nodes notice: see work-on-task.ts.
 */
async function isUnpacked(): Promise<boolean> {
  return await isThere(new URL('../../../manifest.json', import.meta.url));
}

/** The version of the program in a container image; undefined where it does not run. `said` is what it printed instead. */
export async function inspectContainerImage(image: string): Promise<ContainerImageReport> {
  const program = await findContainerProgram();
  if (program === undefined) return { said: '' };
  try {
    const { stdout } = await run(program, ['exec', '--cleanenv', '--no-home', image, 'ocr-pipeline', '--version'], {
      timeout: INSPECT_TIMEOUT_MS,
      env: childEnvironment('container', process.env),
      maxBuffer: MOST_OUTPUT_BYTES,
    });
    return { program, version: stdout.trim().split(/\s+/).at(-1) ?? '', said: stdout };
  } catch (error) {
    return { program, said: error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error) };
  }
}

/** Apptainer, or Singularity where that is what there is; undefined where neither is on PATH. */
export async function findContainerProgram(path: string = process.env['PATH'] ?? ''): Promise<string | undefined> {
  for (const program of PROGRAMS) {
    for (const folder of path.split(delimiter)) {
      if (folder === '') continue;
      const file = join(folder, program);
      if (await isThere(file, constants.X_OK)) return file;
    }
  }
  return undefined;
}
