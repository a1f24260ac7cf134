import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runWhenDone } from '../../src/app/run-when-done.ts';
import { makeFolder } from '../cli/run-cli.ts';

const END = {
  run: 'marduk-7f3a01',
  exitCode: 65,
  summary: '2 of 4 "documents" are complete.',
  report: '/r/report.html',
};

describe("a person's command at the end of a run", () => {
  it('is told the end, in its environment and nowhere else, and no login', async () => {
    const file = join(makeFolder(), 'told');
    const environment = {
      PATH: process.env['PATH'],
      HOME: '/home/ada',
      BOX_DEVELOPER_TOKEN: 'secret-1',
      OCR_PIPELINE_BOX_CLIENT_SECRET: 'secret-2',
      MY_API_TOKEN: 'secret-3',
    };
    expect(await runWhenDone(`env > '${file}'`, END, environment)).toBeUndefined();
    const told = readFileSync(file, 'utf8');
    for (const line of [
      'OCR_RUN=marduk-7f3a01',
      'OCR_EXIT_CODE=65',
      `OCR_SUMMARY=${END.summary}`,
      'OCR_REPORT=/r/report.html',
      'HOME=/home/ada',
    ])
      expect(told.split('\n')).toContain(line);
    expect(told).not.toContain('secret-');
  });

  it("is a shell's, so that pipes and quotes work, and words of the run are never run", async () => {
    const file = join(makeFolder(), 'told');
    const evil = { ...END, summary: '$(touch /tmp/x); `id`' };
    expect(await runWhenDone(`echo "$OCR_SUMMARY" | tr a-z A-Z > '${file}'`, evil, process.env)).toBeUndefined();
    expect(readFileSync(file, 'utf8')).toBe('$(TOUCH /TMP/X); `ID`\n');
  });

  it('says what went wrong, and does not wait for ever', async () => {
    expect(await runWhenDone('exit 7', END, process.env)).toBe('it ended with 7');
    expect(await runWhenDone('no-such-program-at-all 2>/dev/null', END, process.env)).toBe('it ended with 127');
    expect(await runWhenDone('exec sleep 600', END, process.env, 200)).toBe('it was ended by SIGKILL');
  });
});
