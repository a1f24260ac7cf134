import { readFileSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import { join, posix, relative, sep } from 'node:path';

/** One import between two of our own files, paths below `src/` with `/`. */
export interface SourceImport {
  readonly from: string;
  readonly to: string;
  /** Whether loading the one loads the other: types are gone by then, and a dynamic import waits until it is called. */
  readonly loads: boolean;
}

/** What the files of one layer may import of ours, beside files of the same layer. */
export interface LayerRule {
  readonly name: string;
  /** Decides whether a path below `src/` belongs to it. The first rule that says yes counts. */
  readonly holds: (path: string) => boolean;
  readonly mayImport: readonly string[];
}

const CODE_FILE = String.raw`(['"])(\.{1,2}\/[^'"\n]+\.[cm]?[jt]s)`;
/** `import x from`, `import type { x } from`, `export * from`, `import './x.ts'`. */
const STATIC = new RegExp(String.raw`^[ \t]*(?:import|export)\b(\s+type\b)?(?:[^'";]*?\bfrom)?\s*${CODE_FILE}\2`, 'gm');
/** Dynamic imports, and files named for a worker. */
const DYNAMIC = new RegExp(String.raw`\b(?:import|new\s+URL)\s*\(\s*${CODE_FILE}\1`, 'g');

/** The relative imports of code in the text of a file, resolved to paths below the same root. */
export function parseImports(path: string, text: string): SourceImport[] {
  const to = (specifier: string | undefined): string => posix.join(posix.dirname(path), specifier ?? '');
  return [
    ...[...text.matchAll(STATIC)].map((match) => ({ from: path, to: to(match[3]), loads: match[1] === undefined })),
    ...[...text.matchAll(DYNAMIC)].map((match) => ({ from: path, to: to(match[2]), loads: false })),
  ];
}

/** Reads all imports between the TypeScript files below a folder. */
export async function readImports(folder: string): Promise<SourceImport[]> {
  const imports: SourceImport[] = [];
  for await (const file of glob('**/*.ts', { cwd: folder })) {
    const path = relative(folder, join(folder, file)).split(sep).join('/');
    imports.push(...parseImports(path, readFileSync(join(folder, file), 'utf8')));
  }
  return imports;
}

/** The imports that no rule allows, one sentence each, sorted. */
export function findBreaches(imports: readonly SourceImport[], rules: readonly LayerRule[]): string[] {
  const breaches: string[] = [];
  const layerOf = (path: string): LayerRule | undefined => rules.find((rule) => rule.holds(path));
  for (const { from, to } of imports) {
    const importer = layerOf(from);
    const imported = layerOf(to);
    if (importer === undefined) breaches.push(`${from} belongs to no layer`);
    else if (imported === undefined) breaches.push(`${from} imports ${to}, which belongs to no layer`);
    else if (importer !== imported && !importer.mayImport.includes(imported.name)) {
      breaches.push(`${from} (${importer.name}) imports ${to} (${imported.name})`);
    }
  }
  return [...new Set(breaches)].toSorted();
}

/** The circles in which files import each other, in whatever way, each in order of import from the alphabetically first. */
export function findCycles(imports: readonly SourceImport[]): string[][] {
  const targets = new Map<string, string[]>();
  for (const { from, to } of imports) targets.set(from, [...(targets.get(from) ?? []), to]);
  const cycles = new Map<string, string[]>();
  const finished = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path);
    if (at >= 0) {
      const cycle = trail.slice(at);
      const first = cycle.indexOf(cycle.toSorted()[0] ?? '');
      const turned = [...cycle.slice(first), ...cycle.slice(0, first)];
      cycles.set(turned.join(' '), turned);
    } else if (!finished.has(path)) {
      for (const target of targets.get(path) ?? []) visit(target, [...trail, path]);
      finished.add(path);
    }
  };
  for (const path of [...targets.keys()].toSorted()) visit(path, []);
  return [...cycles.values()];
}
