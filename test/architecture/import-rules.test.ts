import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findBreaches, findCycles, parseImports, readImports, type LayerRule } from '../support/import-rules.ts';

const SOURCE = resolve(import.meta.dirname, '../../src');

const SEAMS = new Set([
  'stores/document-store.ts',
  'renderers/page-renderer.ts',
  'engines/ocr-engine.ts',
  'executors/executor.ts',
  'runs/run-store.ts',
]);

const below =
  (folder: string) =>
  (path: string): boolean =>
    path.startsWith(`${folder}/`);

/**
 * `cli, web -> app -> pipeline -> session -> stages, executors -> seams <- adapters`; everyone may import `core` and `files`.
 * `web`, `search`, `watch` and `corrections` are rooms to come.
 */
const RULES: readonly LayerRule[] = [
  { name: 'seams', holds: (path) => SEAMS.has(path), mayImport: ['core'] },
  { name: 'contract', holds: (path) => path === 'app/contract.ts', mayImport: ['core', 'seams'] },
  {
    name: 'app',
    holds: below('app'),
    mayImport: [
      'core',
      'files',
      'contract',
      'seams',
      'pdf',
      'formats',
      'report',
      'runs',
      'work',
      'stages',
      'session',
      'pipeline',
      'config',
      'stores',
      'renderers',
      'engines',
      'executors',
      'preparation',
      'search',
      'corrections',
      'watch',
    ],
  },
  {
    name: 'pipeline',
    holds: (path) => path === 'pipeline.ts',
    mayImport: ['core', 'seams', 'session', 'stages', 'work', 'runs'],
  },
  { name: 'session', holds: below('session'), mayImport: ['core', 'files', 'seams', 'stages', 'runs', 'work'] },
  { name: 'core', holds: below('core'), mayImport: [] },
  { name: 'files', holds: below('files'), mayImport: ['core'] },
  { name: 'preparation', holds: below('preparation'), mayImport: ['core'] },
  { name: 'pdf', holds: below('pdf'), mayImport: ['core', 'files'] },
  { name: 'formats', holds: below('formats'), mayImport: ['core', 'files', 'pdf'] },
  { name: 'report', holds: below('report'), mayImport: ['core', 'seams'] },
  { name: 'runs', holds: below('runs'), mayImport: ['core', 'files', 'seams'] },
  {
    name: 'stages',
    holds: below('stages'),
    mayImport: ['core', 'files', 'seams', 'runs', 'formats', 'preparation'],
  },
  { name: 'work', holds: below('work'), mayImport: ['core', 'files', 'seams', 'runs', 'stages', 'preparation'] },
  { name: 'stores', holds: below('stores'), mayImport: ['core', 'files', 'seams', 'runs'] },
  { name: 'renderers', holds: below('renderers'), mayImport: ['core', 'files', 'seams', 'pdf'] },
  { name: 'engines', holds: below('engines'), mayImport: ['core', 'files', 'seams', 'preparation'] },
  { name: 'executors', holds: below('executors'), mayImport: ['core', 'files', 'seams', 'runs', 'work'] },
  { name: 'config', holds: below('config'), mayImport: ['core', 'files'] },
  { name: 'main', holds: (path) => path === 'cli/main.ts', mayImport: ['core', 'contract', 'app', 'cli'] },
  // Whoever shows the program to people knows what it can do, and not how: `app/contract.ts`.
  { name: 'cli', holds: below('cli'), mayImport: ['core', 'config', 'contract'] },
  { name: 'web', holds: below('web'), mayImport: ['core', 'config', 'contract'] },
  // An index over page results, and a layer of a person's words over them: both read run folders alone.
  { name: 'search', holds: below('search'), mayImport: ['core', 'files', 'runs', 'corrections'] },
  { name: 'corrections', holds: below('corrections'), mayImport: ['core', 'files', 'runs'] },
  // Watches sources and starts runs: through what the program can do, as a person would.
  { name: 'watch', holds: below('watch'), mayImport: ['core', 'files', 'seams', 'contract'] },
];

describe('the imports of src/', () => {
  test('point one way: cli to app to pipeline to stages to interfaces, and adapters to interfaces', async () => {
    const imports = await readImports(SOURCE);
    expect(imports.length).toBeGreaterThan(20);
    expect(findBreaches(imports, RULES)).toEqual([]);
  });

  test('make no circles, not of types either', async () => {
    expect(findCycles(await readImports(SOURCE))).toEqual([]);
  });
});

describe('adapters', () => {
  test('are built in app/wiring.ts alone, outside of their own folders', async () => {
    const adapters = new Map<string, string>();
    const texts = new Map<string, string>();
    for await (const path of glob('**/*.ts', { cwd: SOURCE })) {
      const text = readFileSync(join(SOURCE, path), 'utf8');
      texts.set(path, text);
      const match = /export class (\w+) implements (?:DocumentStore|OcrEngine|Executor|SlurmClient)\b/.exec(text);
      if (match?.[1] !== undefined) adapters.set(match[1], path.split('/')[0] ?? '');
    }
    expect([...adapters.keys()]).toEqual(expect.arrayContaining(['LocalFolder', 'BoxStore', 'SlurmExecutor']));
    const built = [...texts].flatMap(([path, text]) =>
      [...adapters]
        .filter(([name, folder]) => !path.startsWith(`${folder}/`) && text.includes(`new ${name}(`))
        .map(() => path),
    );
    expect([...new Set(built)]).toEqual(['app/wiring.ts']);
  });
});

describe('the check itself', () => {
  test.each([
    ['core that imports a stage', 'core/page.ts', 'stages/list.ts'],
    ['core that imports an interface', 'core/page.ts', 'engines/ocr-engine.ts'],
    ['a stage that imports an adapter', 'stages/recognize.ts', 'engines/tesseract-native.ts'],
    ['a pipeline that imports an adapter', 'pipeline.ts', 'stores/local-folder.ts'],
    ['a command that builds an adapter', 'cli/run.ts', 'stores/box/box-store.ts'],
    ['an engine that imports a store', 'engines/tesseract-native.ts', 'stores/local-folder.ts'],
    ['an interface that imports its adapter', 'engines/ocr-engine.ts', 'engines/tesseract-native.ts'],
    ['a stage that imports a command', 'stages/list.ts', 'cli/run.ts'],
    ['a command that reaches below what the program can do', 'cli/commands/run.ts', 'app/start-run.ts'],
    ['a command that reads a run folder itself', 'cli/commands/status.ts', 'runs/run-folder.ts'],
    ['a stage that imports a page worker', 'stages/recognize.ts', 'work/read-page.ts'],
    ['a view of the page that reaches below', 'web/runs-page.ts', 'runs/run-folder.ts'],
    ['a search that reads with an engine', 'search/index-pages.ts', 'engines/tesseract-native.ts'],
    ['a watched folder that works on pages itself', 'watch/settle.ts', 'work/worker-pool.ts'],
    ['corrections that deliver', 'corrections/layer.ts', 'stages/deliver.ts'],
  ])('finds %s', (_what, from, to) => {
    expect(findBreaches([{ from, to, loads: true }], RULES)).toHaveLength(1);
  });

  test('finds files that no rule knows', () => {
    expect(findBreaches([{ from: 'misc/x.ts', to: 'core/page.ts', loads: true }], RULES)).toEqual([
      'misc/x.ts belongs to no layer',
    ]);
  });

  test('lets the wiring import everything, and everyone core', () => {
    const imports = [
      { from: 'app/wiring.ts', to: 'stores/local-folder.ts' },
      { from: 'app/wiring.ts', to: 'engines/tesseract-native.ts' },
      { from: 'engines/tesseract-native.ts', to: 'core/page.ts' },
      { from: 'engines/tesseract-native.ts', to: 'engines/parse-hocr.ts' },
    ].map((each) => ({ ...each, loads: true }));
    expect(findBreaches(imports, RULES)).toEqual([]);
  });

  test('sees every way to import, and which of them load', () => {
    const text = [
      `import { a } from '../core/a.ts';`,
      `import type { B } from "./b.ts";`,
      `import {\n  c,\n} from './sub/c.ts';`,
      `export * from '../core/d.ts';`,
      `const e = await import('../engines/e.ts');`,
      `new Worker(new URL('./f.ts', import.meta.url));`,
      `import './g.ts';`,
      `export type { H } from './h.ts';`,
      `import { i } from 'node:fs';`,
    ].join('\n');
    const imports = parseImports('stages/x.ts', text);
    const targets = (loads: boolean): string[] => imports.filter((each) => each.loads === loads).map((each) => each.to);
    expect(targets(true)).toEqual(['core/a.ts', 'stages/sub/c.ts', 'core/d.ts', 'stages/g.ts']);
    expect(targets(false)).toEqual(['stages/b.ts', 'stages/h.ts', 'engines/e.ts', 'stages/f.ts']);
  });

  test('reads a folder of files and finds their circles', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'imports-'));
    try {
      mkdirSync(join(folder, 'core'));
      writeFileSync(join(folder, 'core/a.ts'), `import './b.ts';`);
      writeFileSync(join(folder, 'core/b.ts'), `import './c.ts';`);
      writeFileSync(join(folder, 'core/c.ts'), `import './a.ts';`);
      writeFileSync(join(folder, 'core/d.ts'), `import './a.ts';\nimport type { X } from './e.ts';`);
      writeFileSync(join(folder, 'core/e.ts'), `import './d.ts';\nvoid import('./d.ts');`);
      const imports = await readImports(folder);
      expect(findCycles(imports)).toEqual([
        ['core/a.ts', 'core/b.ts', 'core/c.ts'],
        ['core/d.ts', 'core/e.ts'],
      ]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
