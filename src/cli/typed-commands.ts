import { accessSync, constants, realpathSync } from 'node:fs';
import { basename, delimiter, dirname, join, relative, resolve, sep } from 'node:path';
import { homeFolder, type CallingShell } from '../config/config-files.ts';
import { COMMANDS } from './commands.ts';
import { quoteWord } from './quote-word.ts';

/**
 * Puts the commands of a text, written `ocr-pipeline status`, as this person must type them: `npx ocr-pipeline status`.
 * Texts keep the plain name, in errors, ledgers and documents, until a screen shows them.
 */
export type TypedCommands = (text: string) => string;

/** What decides how the program is called. */
export interface ProgramCall extends CallingShell {
  /** The file this process was started with, absolute: `process.argv[1]`. */
  readonly script: string;
  /** The Node.js that runs it. */
  readonly node: string;
}

const NAME = 'ocr-pipeline';

/** A command of ours in a sentence. Not a path, not what `npx` is given already, and not what another computer is told. */
const COMMAND = new RegExp(
  String.raw`(?<![\w./~"-]|npx |ssh HOST )${NAME}(?= (?:<command>|--help|--version|${COMMANDS.map(({ name }) => name).join('|')})(?![\w-]))`,
  'g',
);

/** How this person types commands. The disk is looked at when the first is shown, and once. */
export function typedCommands(call: ProgramCall): TypedCommands {
  let name: string | undefined;
  return (text) => text.replaceAll(COMMAND, () => (name ??= programName(call)));
}

/**
 * The words that call this program again, from the same folder: its name where that is on the PATH and is this program,
 * `npx ocr-pipeline` in a checkout or beside an installation of npm's, the image with its runtime, else a path.
 */
export function programName(call: ProgramCall): string {
  const { environment } = call;
  const image = environment['APPTAINER_CONTAINER'] ?? environment['SINGULARITY_CONTAINER'];
  const isShell = (environment['APPTAINER_COMMAND'] ?? environment['SINGULARITY_COMMAND']) === 'shell';
  if (image !== undefined && image !== '' && !isShell) {
    const runtime = environment['APPTAINER_CONTAINER'] === undefined ? 'singularity' : 'apptainer';
    return `${runtime} run ${showFile(image, call)}`;
  }
  const own = ownFiles(call);
  if (isOnPath(call, own)) return NAME;
  if (environment['npm_command'] === 'exec' || npxFinds(call, own)) return `npx ${NAME}`;
  const launcher = own.find((file) => basename(file) === NAME && isExecutable(file));
  if (launcher !== undefined) return showFile(launcher, call);
  return isExecutable(call.script) ? showFile(call.script, call) : `node ${showFile(call.script, call)}`;
}

/** The files that start this very program, without links: the script, and the launchers of a checkout or an unpacked image. */
function ownFiles({ script, node }: ProgramCall): readonly string[] {
  const real = realPath(script) ?? script;
  const bin = dirname(real);
  const unpacked = resolve(bin, '..', '..');
  const files = [real, join(bin, NAME)];
  return realPath(node) === realPath(join(unpacked, 'node', 'bin', 'node'))
    ? [join(unpacked, 'bin', NAME), ...files]
    : files;
}

/** Whether the plain name is this program. What npm adds to the PATH while it runs something is gone afterwards. */
function isOnPath({ environment, workingFolder }: ProgramCall, own: readonly string[]): boolean {
  const folders = (environment['PATH'] ?? '').split(delimiter).map((folder) => resolve(workingFolder, folder));
  const lasting = folders.filter(
    (folder) => environment['npm_command'] === undefined || !folder.endsWith(join('node_modules', '.bin')),
  );
  const found = lasting.map((folder) => join(folder, NAME)).find((file) => isExecutable(file));
  return found !== undefined && own.includes(realPath(found) ?? found);
}

/** Whether npm finds this program from the working folder: its checkout, or a folder it was installed in. */
function npxFinds({ workingFolder }: ProgramCall, own: readonly string[]): boolean {
  const program = resolve(dirname(own.at(-1) ?? ''), '..');
  for (let folder = realPath(workingFolder) ?? workingFolder; ; folder = dirname(folder)) {
    if (folder === program) return true;
    const linked = realPath(join(folder, 'node_modules', '.bin', NAME));
    if (linked !== undefined) return own.includes(linked);
    if (folder === dirname(folder)) return false;
  }
}

/** A file as it is typed: from the home folder where it is in there, quoted where it must be. */
function showFile(file: string, { environment }: ProgramCall): string {
  const home = homeFolder(environment);
  const below = relative(home, file);
  const isInside = home !== sep && below !== '' && !below.startsWith('..') && !below.startsWith(sep);
  // A tilde in quotes is none.
  return isInside && quoteWord(below) === below ? `~/${below}` : quoteWord(file);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function realPath(file: string): string | undefined {
  try {
    return realpathSync(file);
  } catch {
    return undefined;
  }
}
