import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { seedScans, startBoxProgram } from '../support/box-program.ts';

describe('single steps on a run whose scans lie in Box', () => {
  it('fetch the scans again, and leave none behind', async () => {
    await using program = await startBoxProgram();
    await seedScans(program.emulator, program.folderId, 2);
    const run = await program.run();
    expect(run.code, run.stderr).toBe(0);
    const [name = ''] = await readdir(join(program.home, 'ocr-runs'));

    const drawn = await program.call(['rasterize', '--run', name, '--output', 'pages', '--dpi', '72']);
    expect(drawn.code, drawn.stderr).toBe(0);
    const files = await readdir(join(program.home, 'pages'), { recursive: true });
    expect(files.filter((file) => file.endsWith('page-0001.png'))).toHaveLength(2);

    const [first] = program.emulator.list(program.folderId).filter(({ path }) => path === 'Series 1/scan 1.pdf');
    program.emulator.removeItem(first?.id ?? '');
    const written = await program.call(['assemble', '--run', name, '--output', 'text', '--formats', 'pdf']);
    expect(written.code, written.stderr).toBe(65);
    expect(written.stderr).toContain('scan 1.pdf');
    expect(written.stderr).toContain('no longer in Box');
    const pdf = await readFile(join(program.home, 'text/Series 2/scan 2.pdf'));
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
  });
});

describe('a run over all of Box', () => {
  it('is not begun by an address that was cut short', async () => {
    await using program = await startBoxProgram();
    await seedScans(program.emulator, program.folderId, 1);
    program.emulator.requests.clear();
    for (const address of ['box:', 'box:/', '0', 'box:All Files', 'https://app.box.com/folder/0']) {
      const refused = await program.call(['run', '--box-folder', address, '--output', 'text', '--engine', 'null']);
      expect(refused.code, refused.stderr).toBe(64);
      expect(refused.stderr).toContain('[WHOLE_ACCOUNT]');
      expect(refused.stderr).toContain('--everything');
    }
    expect(program.emulator.requests.count()).toBe(0);
    const all = ['run', '--box-folder', 'box:', '--output', 'text', '--engine', 'null', '--everything'];
    const meant = await program.call(all);
    expect(meant.code, meant.stderr).toBe(0);
  });

  it('that finds no scans says so in words that fit Box', async () => {
    await using program = await startBoxProgram();
    const { code, stderr } = await program.run();
    expect(code, stderr).toBe(66);
    expect(stderr).toContain('[NO_PDFS]');
    expect(stderr).not.toContain('--input');
  });
});
