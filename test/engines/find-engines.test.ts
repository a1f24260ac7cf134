import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MissingDependencyError } from '../../src/core/errors.ts';
import { chooseEngine, findEngines, listLanguages, openEngine } from '../../src/engines/find-engines.ts';
import { nameLanguage, splitLanguages, suggestLanguages } from '../../src/engines/languages.ts';
import { findTesseract, inspectTesseract } from '../../src/engines/native-installation.ts';
import { requireLanguages } from '../support/requires.ts';
import { blankPage } from './text-page.ts';
import { HANG_MS } from '../support/hang.ts';

const native = requireLanguages(['eng', 'deu', 'frk']);

async function refusal(promise: Promise<unknown>): Promise<MissingDependencyError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(MissingDependencyError);
  return error as MissingDependencyError;
}

describe('what a wrong code may have meant', () => {
  test.each([
    ['ger', ['deu', 'frk']],
    ['de', ['deu', 'frk']],
    ['German', ['deu', 'frk']],
    ['fre', ['fra', 'frm']],
    ['french', ['fra', 'frm']],
    ['français', ['fra']],
    ['gre', ['ell', 'grc']],
    ['zh', ['chi_sim', 'chi_tra']],
    ['fraktur', ['frk']],
    ['dut', ['nld']],
    ['enf', ['eng', 'enm']],
    ['egn', ['eng']],
    ['eng', ['eng']],
    ['xyzzy', []],
    ['', []],
  ])('%s', (wanted, codes) => {
    expect(suggestLanguages(wanted).map(({ code }) => code)).toEqual(codes);
  });

  test('languages have names, and are taken apart', () => {
    expect(nameLanguage('frk')).toBe('German, Fraktur type');
    expect(nameLanguage('script/Latin')).toBe('script/Latin');
    expect(splitLanguages('deu+frk+deu+ +')).toEqual(['deu', 'frk']);
  });
});

describe('engines without native Tesseract', () => {
  let folder = '';
  const path = process.env['PATH'];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'no-tesseract-'));
    process.env['PATH'] = folder;
  });
  afterAll(async () => {
    process.env['PATH'] = path;
    await rm(folder, { recursive: true });
  });

  test('auto takes tesseract.js', async () => {
    const chosen = await chooseEngine('auto', 'eng');
    expect(chosen).toMatchObject({ engine: 'tesseract.js', name: 'tesseract.js' });
    expect(chosen.models['eng']).toMatch(/^[\da-f]{64}$/);
    const [report, js] = await findEngines();
    expect(report).toMatchObject({ name: 'tesseract', available: false, languages: [] });
    expect(js).toMatchObject({ name: 'tesseract.js', available: true });
    expect(await listLanguages()).toContain('eng');
  });

  test('asking for it says how to get it', async () => {
    const error = await refusal(chooseEngine('tesseract', 'eng'));
    expect(error).toMatchObject({ code: 'TESSERACT_MISSING', exitCode: 69 });
    expect(error.advice.remedy).toContain('apt install tesseract-ocr');
    await refusal(openEngine('tesseract', 'eng'));
  });

  test('a language that is nowhere is named, with what is here', async () => {
    const error = await refusal(chooseEngine('auto', 'spa'));
    expect(error).toMatchObject({ code: 'LANG_MISSING', message: 'There is no language data called "spa".' });
    expect(error.advice.why).toContain('eng');
    expect(error.advice.remedy).toContain('tesseract-ocr-spa');
    const near = await refusal(chooseEngine('auto', 'ger'));
    expect(near.advice.remedy).toContain('--lang deu');
    await refusal(chooseEngine('tesseract.js', 'eng+xyzzy'));
    await refusal(openEngine('tesseract.js', 'xyzzy'));
  });

  test('a program that is not Tesseract is not taken for it', async () => {
    const program = join(folder, 'other');
    await writeFile(program, '#!/bin/sh\necho "other program 1.0"\n');
    await chmod(program, 0o755);
    expect(await inspectTesseract(program, AbortSignal.timeout(HANG_MS))).toBeUndefined();
    expect((await refusal(chooseEngine('auto', 'eng', program))).code).toBe('TESSERACT_MISSING');
    expect((await refusal(chooseEngine('auto', 'eng', join(folder, 'nothing')))).code).toBe('TESSERACT_MISSING');
  });

  test('folders and files that cannot be run are passed over on the way', async () => {
    await mkdir(join(folder, 'a', 'tesseract'), { recursive: true });
    await mkdir(join(folder, 'b'));
    await writeFile(join(folder, 'b', 'tesseract'), '', { mode: 0o644 });
    await mkdir(join(folder, 'c'));
    await writeFile(join(folder, 'c', 'tesseract'), '#!/bin/sh\n', { mode: 0o755 });
    const places = ['a', 'b', 'c'].map((name) => join(folder, name)).join(':');
    expect(await findTesseract(undefined, { PATH: `:${places}` })).toBe(join(folder, 'c', 'tesseract'));
    expect(await findTesseract('tesseract', { PATH: join(folder, 'b') })).toBeUndefined();
    expect(await findTesseract(undefined, { PATH: '', OCR_PIPELINE_TESSERACT: join(folder, 'c', 'tesseract') })).toBe(
      join(folder, 'c', 'tesseract'),
    );
  });
});

describe.skipIf(native.skip)('engines with native Tesseract', () => {
  test('auto takes it where it has all the languages', async () => {
    const chosen = await chooseEngine('auto', 'deu+frk');
    expect(chosen).toMatchObject({ engine: 'tesseract', name: 'tesseract' });
    expect(Object.keys(chosen.models)).toEqual(['deu', 'frk']);
    for (const digest of Object.values(chosen.models)) expect(digest).toMatch(/^[\da-f]{64}$/);
    expect(chosen.version).toMatch(/^\d+\.\d+/);
    expect(await listLanguages()).toEqual(expect.arrayContaining(['deu', 'eng', 'frk']));
    expect(await listLanguages()).not.toContain('osd');
  });

  test('a near miss is answered with the code that was meant', async () => {
    const error = await refusal(chooseEngine('auto', 'eng+ger'));
    expect(error.advice.remedy).toBe('--lang deu   Near it: deu (German), frk (German, Fraktur type)');
  });

  test('language data that goes missing in the middle of a run stops the run, not the page', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tessdata-'));
    const program = join(folder, 'tesseract');
    // An installation that says it has a language when it is opened, and has none when it reads.
    await writeFile(
      program,
      `#!/bin/sh
case "$1" in
  --version) echo "tesseract 5.3.0";;
  --list-langs) if [ -e "${folder}/gone" ]; then echo osd; else echo eng; fi;;
  *) cat > /dev/null; exit 1;;
esac
`,
    );
    await chmod(program, 0o755);
    const engine = await openEngine('tesseract', 'eng', program);
    try {
      const page = blankPage(100, 100);
      const options = { pageSegMode: 3, mayBeInverted: false };
      const read = (): Promise<unknown> => engine.recognize(page, options, AbortSignal.timeout(HANG_MS));
      // It cannot read a page of our own either.
      expect((await refusal(read())).code).toBe('ENGINE_BROKEN');
      await writeFile(join(folder, 'gone'), '');
      expect((await refusal(read())).code).toBe('LANG_MISSING');
      await rm(program);
      expect((await refusal(read())).code).toBe('TESSERACT_MISSING');
    } finally {
      await engine.close();
      await rm(folder, { recursive: true });
    }
  });
});
