/**
 * The packages that come with the program when it is installed, its own and theirs, and the list of them that is kept in
 * run-time-packages.json. `node scripts/run-time-packages.ts` writes the list anew, and what package.json pins of it (`overrides`).
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';

/** The parts of a package.json that matter here. */
interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** A package as it was installed. */
export interface InstalledPackage {
  readonly folder: string;
  readonly manifest: Manifest;
  /** Only for some platforms: a package that needs it names it as optional. */
  readonly optional: boolean;
  /** Names of the packages on the way to it, the direct dependency first and its own name last: the shortest such way. */
  readonly path: readonly string[];
}

/** A line of the list. */
export interface ListedPackage {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  /** `true`: npm may run a program of the package's when it is installed. */
  readonly installScript: boolean;
  /** Only for the platform in its name. */
  readonly optional: boolean;
  /** Over the names and bytes of all its files as they were installed; see `digestOfFiles`. */
  readonly integrity: string;
}

export const PROJECT = resolve(import.meta.dirname, '..');
const LIST = join(PROJECT, 'run-time-packages.json');
const RUNS_AT_INSTALL = ['preinstall', 'install', 'postinstall'];

/** Finds all packages that come with the program, in the order of their distance from it. @throws {Error} one is not installed. */
export function findRunTimePackages(): readonly InstalledPackage[] {
  const found = new Map<string, InstalledPackage>();
  const waiting: InstalledPackage[] = [{ folder: PROJECT, manifest: readManifest(PROJECT), optional: false, path: [] }];
  for (const { folder, manifest, path } of waiting) {
    const optional = Object.keys(manifest.optionalDependencies ?? {});
    for (const name of new Set([...Object.keys(manifest.dependencies ?? {}), ...optional])) {
      const next = findPackage(name, folder);
      const isOptional = optional.includes(name);
      if (next === undefined && !isOptional) throw new Error(`${name}, needed by ${manifest.name}, is not installed`);
      if (next === undefined || found.has(next)) continue;
      const each = { folder: next, manifest: readManifest(next), optional: isOptional, path: [...path, name] };
      found.set(next, each);
      waiting.push(each);
    }
  }
  return [...found.values()];
}

/** The list as it should be for what is installed here, by name and version; each once, wherever npm put it. */
export function listPackages(packages: readonly InstalledPackage[]): readonly ListedPackage[] {
  const listed = new Map<string, ListedPackage>();
  for (const { folder, manifest, optional } of packages) {
    const { name, version, license = 'none' } = manifest;
    listed.set(`${name}@${version}`, {
      name,
      version,
      licence: license,
      installScript: hasInstallScript(folder, manifest),
      optional,
      integrity: digestOfFiles(folder),
    });
  }
  const key = ({ name, version }: ListedPackage): string => `${name}@${version}`;
  return [...listed.values()].toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** The list that is kept. */
export function readList(): readonly ListedPackage[] {
  return JSON.parse(readFileSync(LIST, 'utf8')) as readonly ListedPackage[];
}

/**
 * What package.json must pin so that npm chooses these very versions of indirect packages: below each direct dependency, and
 * nowhere else, so that tools of development keep theirs. Where two versions of a package lie below one, the one
 * farther away stands below the package that has it.
 */
export function overridesFor(packages: readonly InstalledPackage[]): Overrides {
  const root: Overrides = {};
  const byFolder = new Map(packages.map((each) => [each.folder, each]));
  const direct = packages.filter(({ path }) => path.length === 1);
  for (const { folder, manifest } of direct) {
    const pins = pinsBelow(folder, byFolder);
    if (Object.keys(pins).length > 0) root[manifest.name] = pins;
  }
  return sortKeys(root);
}

export interface Overrides {
  [name: string]: string | Overrides;
}

function pinsBelow(folder: string, byFolder: ReadonlyMap<string, InstalledPackage>): Overrides {
  const pins: Overrides = {};
  const versions = new Map<string, string>();
  const seen = new Set([folder]);
  const waiting = [folder];
  for (const from of waiting) {
    const parent = byFolder.get(from)?.manifest;
    for (const [name, range] of Object.entries({ ...parent?.dependencies, ...parent?.optionalDependencies })) {
      const next = findPackage(name, from) ?? '';
      const version = byFolder.get(next)?.manifest.version;
      // What is named exactly needs no pin: such are the packages for one platform.
      if (parent === undefined || version === undefined || range === version) continue;
      const pinned = versions.get(name);
      if (pinned === undefined) {
        versions.set(name, version);
        pins[name] = version;
      } else if (pinned !== version) {
        const own = pins[parent.name];
        pins[parent.name] = { ...(typeof own === 'object' ? own : { '.': parent.version }), [name]: version };
      }
      if (seen.has(next)) continue;
      seen.add(next);
      waiting.push(next);
    }
  }
  return pins;
}

function sortKeys(overrides: Overrides): Overrides {
  const entries = Object.entries(overrides).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, pin]) => [name, typeof pin === 'string' ? pin : sortKeys(pin)]));
}

/** The folder from which `name` is loaded in a package at `from`, as Node looks for it. */
export function findPackage(name: string, from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name);
    if (existsSync(join(candidate, 'package.json'))) return candidate;
    if (folder === dirname(folder)) return undefined;
  }
}

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}

/** Whether npm would run something of a package: its scripts, and node-gyp where it finds a file for it. */
function hasInstallScript(folder: string, { scripts = {} }: Manifest): boolean {
  return RUNS_AT_INSTALL.some((name) => name in scripts) || existsSync(join(folder, 'binding.gyp'));
}

/** Digest of the files of an installed package, each with its path and length before it, in the order of their paths. */
function digestOfFiles(folder: string): string {
  const hash = createHash('sha512');
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    // Packages that npm put inside are packages of their own.
    .filter((path) => !path.startsWith('node_modules/'));
  for (const path of files.toSorted()) {
    const bytes = readFileSync(join(folder, path));
    hash.update(`${path}\0${bytes.length}\0`).update(bytes);
  }
  return `sha512-${hash.digest('base64')}`;
}

function writeAnew(): void {
  const packages = findRunTimePackages();
  const here = listPackages(packages);
  // What is for other platforms is not installed here, and stays as it was noted there, as long as its version holds.
  const wanted = new Map(packages.flatMap(({ manifest }) => Object.entries(manifest.optionalDependencies ?? {})));
  const elsewhere = readList().filter(
    ({ name, version, optional }) => optional && wanted.get(name) === version && !here.some((one) => one.name === name),
  );
  const all = [...here, ...elsewhere].toSorted((a, b) =>
    `${a.name}@${a.version}` < `${b.name}@${b.version}` ? -1 : 1,
  );
  writeFileSync(LIST, `${JSON.stringify(all, undefined, 2)}\n`);
  const manifest = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as Record<string, unknown>;
  manifest['overrides'] = overridesFor(packages);
  writeFileSync(join(PROJECT, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
}

if (import.meta.main) writeAnew();
