import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { findTool, requireAll, requireThat, requireTools, type Requirement } from './requires.ts';
import { HANG_MS } from './hang.ts';

/** How long a first build may take on a slow machine: give hooks that call {@link builtImage} as long. */
export const IMAGE_TIMEOUT_MS = 30 * 60_000;

const PROJECT = resolve(import.meta.dirname, '../..');
const CACHE = join(tmpdir(), 'ocr-pipeline-test-cache');
const KEPT_MS = 2 * 24 * 3600_000;
const LOG_TAIL_CHARS = 4_000;

/** What decides how Tesseract is compiled: the slow part, which is taken from an earlier image where these are the same. */
const TESSERACT_INPUTS = ['scripts/build-tesseract.sh', 'containers/tesseract', 'node_modules/node/package.json'];
const IMAGE_INPUTS = [
  ...TESSERACT_INPUTS,
  'scripts/build-image.sh',
  'scripts/build.ts',
  'containers',
  'bin',
  'src',
  'slurm',
  'package.json',
  'tsconfig.build.json',
  'test/fixtures/scan-3-pages.pdf',
  'test/fixtures/german.pdf',
  'test/fixtures/french.pdf',
];

/** Tells whether images can be built and run here: as root, by a real Apptainer. */
export function requireApptainer(): Requirement {
  const tools = requireTools(['apptainer', 'debootstrap', 'flock', 'npm']);
  if (tools.skip) return tools;
  return requireAll(
    requireThat(process.getuid?.() === 0, 'only root can build an image with debootstrap'),
    requireThat(canRunImages(), 'Apptainer is installed, but cannot run an image here'),
  );
}

let imagesRun: boolean | undefined;

/** Runs a program that needs no library in a folder that holds nothing else. */
function canRunImages(): boolean {
  if (imagesRun !== undefined) return imagesRun;
  const root = mkdtempSync(join(tmpdir(), 'image-probe-'));
  try {
    for (const folder of ['bin', 'dev', 'etc', 'proc', 'sys', 'tmp', 'root']) mkdirSync(join(root, folder));
    cpSync(findTool('ldconfig') ?? '/sbin/ldconfig', join(root, 'bin/ldconfig'), { dereference: true });
    const { status } = spawnSync('apptainer', ['exec', root, '/bin/ldconfig', '--version'], {
      timeout: HANG_MS,
    });
    imagesRun = status === 0;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
  return imagesRun;
}

/**
 * The image built from this checkout, as an absolute path that every user can read. It is built once for all test files and
 * kept for later runs: where nothing that goes into it has changed it is there at once. Takes up to {@link IMAGE_TIMEOUT_MS}.
 */
export async function builtImage(): Promise<string> {
  mkdirSync(CACHE, { recursive: true });
  chmodSync(CACHE, 0o755);
  const image = join(CACHE, `image-${digestInputs(IMAGE_INPUTS)}.sif`);
  if (!existsSync(image)) {
    forgetOld();
    const tesseract = join(CACHE, `tesseract-${digestInputs(TESSERACT_INPUTS)}`);
    // One at a time; who waited finds it made. It takes minutes of all cores, and gives way to the tests beside it.
    await run('nice', [
      '-n',
      '15',
      'flock',
      '-w',
      String(IMAGE_TIMEOUT_MS / 1000),
      join(CACHE, 'lock'),
      'bash',
      '-c',
      MAKE,
      'bash',
      image,
      tesseract,
    ]);
  }
  return image;
}

const MAKE = `
  set -eu
  [ ! -e "$1" ] || exit 0
  known=()
  [ ! -d "$2" ] || known=(--tesseract "$2")
  scripts/build-image.sh --local "\${known[@]}" "$1"
  chmod 644 "$1"
  if [ ! -d "$2" ]; then
    rm -rf "$2.new"
    apptainer exec --bind "$(dirname "$2")" "$1" cp -R /opt/ocr-pipeline/tesseract "$2.new"
    mv "$2.new" "$2"
  fi`;

function run(program: string, args: readonly string[]): Promise<void> {
  return new Promise((settle, reject) => {
    const child = spawn(program, args, { cwd: PROJECT, stdio: ['ignore', 'pipe', 'pipe'], timeout: IMAGE_TIMEOUT_MS });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-LOG_TAIL_CHARS)));
    }
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? settle() : reject(new Error(`the image could not be built (${code}):\n${said}`)),
    );
  });
}

function digestInputs(inputs: readonly string[]): string {
  const hash = createHash('sha256').update(process.arch);
  for (const file of inputs.flatMap((input) => listFiles(join(PROJECT, input))).toSorted()) {
    hash.update(`${relative(PROJECT, file)}\0`).update(createHash('sha256').update(readFileSync(file)).digest());
  }
  return hash.digest('hex').slice(0, 16);
}

function listFiles(path: string): string[] {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Images that nobody asked for in days, and what an interrupted build left. */
function forgetOld(): void {
  for (const name of readdirSync(CACHE)) {
    const path = join(CACHE, name);
    if (name !== 'lock' && statSync(path).mtimeMs < Date.now() - KEPT_MS)
      rmSync(path, { recursive: true, force: true });
  }
}
