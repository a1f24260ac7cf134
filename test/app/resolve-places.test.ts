import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { resolvePlaces } from '../../src/app/resolve-places.ts';
import type { RunRequest } from '../../src/core/run-request.ts';
import type { OutputFormat } from '../../src/core/settings.ts';
import { makeFolder } from '../cli/run-cli.ts';

/** A folder with scans, in which people type paths. */
function makePlace(): string {
  const folder = makeFolder();
  mkdirSync(join(folder, 'My Scans'));
  mkdirSync(join(folder, 'results.pdf'));
  for (const name of ['scan.pdf', 'notes.txt', 'My Scans/a.pdf']) writeFileSync(join(folder, name), 'x');
  return folder;
}

type Places = Pick<RunRequest, 'source' | 'destination' | 'settings'>;

function request(
  folder: string,
  inputs: readonly string[],
  output: string,
  formats: readonly OutputFormat[] = ['txt', 'pdf'],
): Places {
  return {
    source: { kind: 'local', paths: inputs.map((path) => join(folder, path)) },
    destination: { kind: 'local', folder: join(folder, output) },
    settings: { formats } as RunRequest['settings'],
  };
}

function toBox(address: string): Places {
  return { ...request('/', [], 'x'), source: { kind: 'box', address } };
}

describe('places that were mistyped', () => {
  it.each<[string, readonly string[], string, string, string]>([
    ['a name with a space', ['My', 'Scans'], 'out', 'INPUT_NOT_FOUND', 'needs quotes: --input "'],
    ['a Windows path', ['C:\\Scans\\1899'], 'out', 'WINDOWS_PATH', '--input "/mnt/c/Scans/1899"'],
    ['a Windows path whose backslash the shell took', ['D:Scans'], 'out', 'WINDOWS_PATH', '"/mnt/d/Scans"'],
    ['a Windows path with slashes', ['c:/Scans/a b'], 'out', 'WINDOWS_PATH', '"/mnt/c/Scans/a b"'],
    ['a share', ['\\\\server\\scans'], 'out', 'WINDOWS_PATH', '/mnt/share'],
    ['a Windows path for results', ['scan.pdf'], 'C:\\Text', 'WINDOWS_PATH', '--output "/mnt/c/Text"'],
    ['a Box folder as input', ['box:Scans/Marduk'], 'out', 'WRONG_PLACE', '--box-folder "box:Scans/Marduk"'],
    ['a link as input', ['https:/app.box.com/folder/1'], 'out', 'WRONG_PLACE', '"https://app.box.com/folder/1"'],
    ['a Box folder as output', ['scan.pdf'], 'box:OCR', 'WRONG_PLACE', '--box-output-folder "box:OCR"'],
    ['a file address as input', ['file:/home/ada/My%20Scans'], 'out', 'FILE_ADDRESS', '--input "/home/ada/My Scans"'],
    ['a file address of this host', ['file:/localhost/scans'], 'out', 'FILE_ADDRESS', '--input "/scans"'],
    ['a file address as output', ['scan.pdf'], 'file:/home/ada/text', 'FILE_ADDRESS', '--output "/home/ada/text"'],
    ['an input that is not there', ['nowhere'], 'out', 'INPUT_NOT_FOUND', 'Check the name after --input.'],
    ['results into a file', ['My Scans'], 'notes.txt', 'OUTPUT_IS_FILE', 'notes"'],
    ['results below a file', ['My Scans'], 'notes.txt/here', 'OUTPUT_IS_FILE', 'Name another folder'],
    ['one file for a folder of scans', ['My Scans'], 'out.pdf', 'OUTPUT_IS_FILE', 'Name a folder: --output "'],
    ['one file for several scans', ['scan.pdf', 'My Scans/a.pdf'], 'out.pdf', 'OUTPUT_IS_FILE', '--output "'],
    ['the scan itself', ['scan.pdf'], 'scan.pdf', 'OUTPUT_IS_INPUT', 'scan-ocr.pdf"'],
  ])('%s: says what to type', async (_, inputs, output, code, remedy) => {
    await expect(resolvePlaces(request(makePlace(), inputs, output))).rejects.toMatchObject({
      code,
      advice: { remedy: expect.stringContaining(remedy) as string, safe: expect.stringMatching(/\S/) as string },
    });
  });

  it('a Box folder without "box:" is known for what it is, without a login', async () => {
    await expect(resolvePlaces(toBox('Scans/Marduk'))).rejects.toMatchObject({
      code: 'BOX_ADDRESS',
      advice: { remedy: expect.stringContaining('"box:Scans/Marduk"') as string },
    });
    await expect(resolvePlaces(toBox('box:Scans/Marduk/'))).resolves.toBeDefined();
  });

  it('names that only look like it are taken as they are where they are there', async () => {
    const folder = makePlace();
    mkdirSync(join(folder, 'C:Scans'));
    await expect(resolvePlaces(request(folder, ['C:Scans/', 'My Scans/'], 'out/'))).resolves.toBeDefined();
    await expect(resolvePlaces(request(folder, ['scan.pdf'], 'C:Scans'))).resolves.toBeDefined();
    await expect(resolvePlaces(request(join(folder, 'C:Scans'), [], 'new'))).resolves.toBeDefined();
  });
});

describe('an output that is a file', () => {
  it('is the result of one PDF, in its own format alone', async () => {
    const folder = makePlace();
    for (const [output, format] of [
      ['out.pdf', 'pdf'],
      ['new/book.txt', 'txt'],
      ['new/book.TSV', 'tsv'],
      ['new/book.alto.xml', 'alto'],
    ] as const) {
      const settled = await resolvePlaces(request(folder, ['scan.pdf'], output));
      const [stem, place] = output === 'out.pdf' ? ['out', folder] : ['book', join(folder, 'new')];
      expect(settled.destination).toEqual({ kind: 'local', folder: place, stem });
      expect(settled.settings.formats).toEqual([format]);
    }
  });

  it('is no way to lose formats that were asked for', async () => {
    const folder = makePlace();
    await expect(resolvePlaces(request(folder, ['scan.pdf'], 'out.pdf', ['txt', 'pdf', 'hocr']))).rejects.toMatchObject(
      {
        code: 'OUTPUT_IS_FILE',
      },
    );
    const settled = await resolvePlaces(request(folder, ['scan.pdf'], 'out.pdf', ['pdf']));
    expect(settled.settings.formats).toEqual(['pdf']);
  });

  it('is a folder where a folder of that name is there', async () => {
    const folder = makePlace();
    const asked = request(folder, ['scan.pdf'], 'results.pdf');
    expect(await resolvePlaces(asked)).toBe(asked);
  });
});
