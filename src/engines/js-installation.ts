import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

const require = createRequire(import.meta.url);

/** The npm scope whose packages hold language data for tesseract.js. */
const DATA_SCOPE = '@tesseract.js-data';
/** Folders of such a package, best first: small integers of the best models, then the models of Tesseract 4. */
const EDITIONS = ['4.0.0_best_int', '4.0.0'];

/** Where the data of each language lies, by Tesseract code. */
export type LanguageFiles = ReadonlyMap<string, string>;

/** Finds the language data installed beside this program; nothing is ever downloaded. */
export async function findLanguageFiles(): Promise<LanguageFiles> {
  const files = new Map<string, string>();
  for (const modules of require.resolve.paths(`${DATA_SCOPE}/eng`) ?? []) {
    for (const code of await listFolder(join(modules, DATA_SCOPE))) {
      const file = files.has(code) ? undefined : await findEdition(join(modules, DATA_SCOPE, code), code);
      if (file !== undefined) files.set(code, file);
    }
  }
  return new Map([...files].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

async function listFolder(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch {
    return [];
  }
}

async function findEdition(folder: string, code: string): Promise<string | undefined> {
  for (const edition of EDITIONS) {
    const file = join(folder, edition, `${code}.traineddata.gz`);
    try {
      await access(file);
      return file;
    } catch {
      continue;
    }
  }
  return undefined;
}

/** Lower-case hex SHA-256 of a model as it is unpacked, so that it compares with the models of native Tesseract. */
export async function digestPackedModel(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), createGunzip(), hash);
  return hash.digest('hex');
}

/** Version of tesseract.js and of the Tesseract it carries; undefined where it is not installed. */
export function versionOfTesseractJs(): string | undefined {
  try {
    const program = require.resolve('tesseract.js/package.json');
    const core = createRequire(program).resolve('tesseract.js-core/package.json');
    return `${versionIn(program)} (core ${versionIn(core)})`;
  } catch {
    return undefined;
  }
}

/** The folder of tesseract.js; undefined where it is not installed. */
export function folderOfTesseractJs(): string | undefined {
  try {
    return dirname(require.resolve('tesseract.js/package.json'));
  } catch {
    return undefined;
  }
}

function versionIn(packageFile: string): string {
  const { version } = require(packageFile) as { readonly version?: unknown };
  return typeof version === 'string' ? version : 'unknown';
}
