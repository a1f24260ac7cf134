import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/core/errors.ts';
import { resolveSettings } from '../../../src/core/config/resolve-settings.ts';
import type { Settings } from '../../../src/core/config/settings-table.ts';
import { checkTesseract, checkTesseractJs } from '../../../src/cli/doctor/check-engines.ts';
import { examine } from '../../../src/cli/doctor/examine.ts';
import type { Check, CheckContext, Finding } from '../../../src/cli/doctor/finding.ts';
import { renderFinding, renderVerdict } from '../../../src/cli/doctor/render-findings.ts';
import { explainLanguages } from '../../../src/app/explain-languages.ts';
import type { EngineReport } from '../../../src/app/contract.ts';
import { requireLanguages } from '../../support/requires.ts';
import { makeFolder, runCli } from '../run-cli.ts';
import { app } from '../../../src/app/app.ts';

const NATIVE: EngineReport = {
  name: 'tesseract',
  available: true,
  version: '5.3.0',
  languages: ['deu', 'eng'],
  orientation: true,
  detail: '/usr/bin/tesseract',
};
const BUNDLED: EngineReport = {
  name: 'tesseract.js',
  available: true,
  version: '7.0.0',
  languages: ['eng'],
  orientation: false,
  detail: 'here',
};
const ABSENT: EngineReport = {
  ...NATIVE,
  available: false,
  version: undefined,
  languages: [],
  detail: 'no tesseract on PATH',
};

function context(engines: readonly EngineReport[], settings: Partial<Settings> = {}): CheckContext {
  const defaults = resolveSettings([], { home: '/home/ada', environment: {} });
  const all = { ...defaults.settings, ...settings };
  return {
    shell: { workingFolder: '/', environment: {} },
    loadSettings: () => Promise.resolve({ ...defaults, settings: all, warnings: [], project: undefined }),
    settingsOrDefaults: () => Promise.resolve(all),
    findEngines: () => Promise.resolve(engines),
    openBox: (choices) => app.openBox({ choices, environment: {} }),
    inspectCluster: () => Promise.resolve('absent'),
    inspectContainerImage: (image) => app.inspectContainerImage(image),
    runTestJob: (request) => app.runTestJob(request),
    deep: false,
    explainLanguages: (codes) => Promise.resolve(explainLanguages(codes)),
  };
}

describe('the checks of the engines', () => {
  const cases: readonly [
    title: string,
    engines: EngineReport[],
    settings: Partial<Settings>,
    native: Finding['status'],
    bundled: Finding['status'],
    words: RegExp,
  ][] = [
    ['both there', [NATIVE, BUNDLED], {}, 'ok', 'ok', /5\.3\.0, languages deu eng/],
    [
      'no native one, and the bundled one suffices',
      [ABSENT, BUNDLED],
      {},
      'warn',
      'ok',
      /faster.*apt install tesseract-ocr tesseract-ocr-eng/,
    ],
    [
      'no native one, and the bundled one lacks the language',
      [ABSENT, BUNDLED],
      { lang: 'deu' },
      'fail',
      'ok',
      /apt install tesseract-ocr tesseract-ocr-deu/,
    ],
    [
      'no native one, though it was asked for',
      [ABSENT, BUNDLED],
      { engine: 'tesseract' },
      'fail',
      'skip',
      /no tesseract on PATH/,
    ],
    ['only the bundled one is wanted', [ABSENT, BUNDLED], { engine: 'tesseract.js' }, 'skip', 'ok', /not used/],
    [
      'only the bundled one is wanted, without the language',
      [NATIVE, BUNDLED],
      { engine: 'tesseract.js', lang: 'deu' },
      'skip',
      'fail',
      /npm install @tesseract\.js-data\/deu/,
    ],
    [
      'a language that is not installed',
      [NATIVE, BUNDLED],
      { lang: 'deu+chi_sim' },
      'fail',
      'ok',
      /not chi_sim.*apt install tesseract-ocr tesseract-ocr-chi-sim/,
    ],
    [
      'a language that does not exist',
      [NATIVE, BUNDLED],
      { lang: 'ger+eng' },
      'fail',
      'ok',
      /There is no "ger"\. Near: deu \(German\).*doctor --lang deu\+eng/,
    ],
    ['no data on orientation', [{ ...NATIVE, orientation: false }, BUNDLED], {}, 'warn', 'ok', /tesseract-ocr-osd/],
  ];
  it.each(cases)('%s', async (_, engines, settings, native, bundled, words) => {
    const findings = [
      await checkTesseract.run(context(engines, settings)),
      await checkTesseractJs.run(context(engines, settings)),
    ];
    expect(findings.map(({ status }) => status)).toEqual([native, bundled]);
    const told = findings
      .map(({ detail, remedy }) => [detail, remedy?.text, ...(remedy?.commands ?? [])].join(' '))
      .join(' | ');
    expect(told).toMatch(words);
  });
});

describe('examining', () => {
  const check = (id: string, run: Check['run']): Check => ({ id, title: id, run });
  async function collect(checks: readonly Check[], timeoutMs?: number): Promise<Finding[]> {
    const findings: Finding[] = [];
    for await (const finding of examine(checks, context([]), timeoutMs)) findings.push(finding);
    return findings;
  }

  it('runs at the same time and tells in order', async () => {
    const started: string[] = [];
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const findings = await collect([
      check('first', async () => {
        started.push('first');
        await gate;
        return { status: 'ok', detail: '1' };
      }),
      check('second', async () => {
        started.push('second');
        release();
        return { status: 'warn', detail: '2' };
      }),
    ]);
    expect(started).toEqual(['first', 'second']);
    expect(findings.map(({ id }) => id)).toEqual(['first', 'second']);
  });

  it('makes a finding of a check that breaks or does not answer', async () => {
    const findings = await collect(
      [check('broken', () => Promise.reject(new TypeError('oh'))), check('slow', () => new Promise(() => undefined))],
      50,
    );
    expect(findings).toMatchObject([
      { id: 'broken', status: 'fail', detail: 'oh [INTERNAL]' },
      { id: 'slow', status: 'fail', detail: 'no answer within 0 s' },
    ]);
  });
});

describe('findings as text', () => {
  const finding: Finding = {
    id: 'space',
    status: 'fail',
    title: 'Space',
    detail: 'cannot be written',
    remedy: { text: 'Keep run folders elsewhere.', commands: ['ocr-pipeline config set work-dir /scratch'] },
  };
  it('say what to do below', () => {
    expect(renderFinding(finding, 80, false, (text) => text)).toBe(
      [
        ' [FAIL]  Space         cannot be written',
        '                       Keep run folders elsewhere.',
        '                       Do:      ocr-pipeline config set work-dir /scratch',
      ].join('\n'),
    );
    expect(renderFinding(finding, 80, true, (text) => text)).toContain('\u001b[31m[FAIL]\u001b[0m');
  });
  it('are counted', () => {
    expect(
      renderVerdict([finding, { ...finding, status: 'warn' }, { ...finding, status: 'ok' }], (text) => text),
    ).toMatch(/^1 to fix, 1 warning, 1 fine\. {2}Next: the line after "Do:"/);
  });
});

const english = requireLanguages(['eng', 'osd']);
describe.skipIf(english.skip)('doctor on this machine', () => {
  it('finds the engines and ends with 0', async () => {
    const { code, stdout } = await runCli(['doctor', '--json']);
    const { findings } = JSON.parse(stdout) as { findings: Finding[] };
    expect(findings.map(({ id }) => id)).toEqual([
      'program',
      'config',
      'tesseract',
      'tesseract.js',
      'libraries',
      'space',
      'cores',
      'box',
      'box-folder',
      'slurm',
      'image',
      'scratch',
      'job',
    ]);
    expect(findings.filter(({ status }) => status === 'fail')).toEqual([]);
    expect(code).toBe(0);
  });

  it('tells a missing program with 69, and what to do', async () => {
    const { code, stdout } = await runCli([
      'doctor',
      'tesseract',
      '--engine',
      'tesseract',
      '--tesseract',
      '/nowhere/tesseract',
    ]);
    expect(code).toBe(69);
    expect(stdout).toMatch(/\[FAIL\] {2}Tesseract .*\/nowhere\/tesseract/);
    expect(stdout).toContain('Do:');
  });

  it('tells a broken settings file, and looks at the rest with the defaults', async () => {
    const cwd = makeFolder();
    writeFileSync(join(cwd, 'ocr-pipeline.yaml'), 'lagn: deu\n');
    const { code, stdout } = await runCli(['doctor', 'config', 'tesseract'], { cwd });
    expect(code).toBe(69);
    expect(stdout).toMatch(/\[FAIL\] {2}Settings .*line 1/);
    expect(stdout).toMatch(/\[ok\] {4}Tesseract/);
  });

  it('lists languages', async () => {
    const { code, stdout } = await runCli(['languages']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^eng +English +tesseract, tesseract\.js$/m);
  });
});

describe('what doctor finds', () => {
  it('ends with something to type, whatever it is', async () => {
    const checks: Check[] = [
      { id: 'a', title: 'A', run: () => Promise.resolve({ status: 'warn', detail: 'odd' }) },
      {
        id: 'b',
        title: 'B',
        run: () =>
          Promise.reject(
            new ConfigError('X', 'Broken.', { remedy: 'ocr-pipeline config explain   lists them\nor ask.' }),
          ),
      },
      { id: 'c', title: 'C', run: () => Promise.resolve({ status: 'ok', detail: 'fine' }) },
    ];
    const findings: Finding[] = [];
    // The checks look at nothing.
    for await (const finding of examine(checks, {} as CheckContext)) findings.push(finding);
    expect(findings.map(({ remedy }) => remedy?.commands)).toEqual([
      ['ocr-pipeline doctor a'],
      ['ocr-pipeline config explain'],
      undefined,
    ]);
  });

  it('warns of a file with the secret of the Box app that everybody may read', async () => {
    const site = join(makeFolder(), 'site.yaml');
    writeFileSync(site, 'box-client-id: abc\nbox-client-secret: hush-hush\n', { mode: 0o644 });
    const options = { env: { OCR_PIPELINE_SITE_FILE: site } };
    const { code, stdout } = await runCli(['doctor', 'config'], options);
    expect(code).toBe(0);
    expect(stdout).toContain('[warn]');
    expect(stdout).toContain(`Do:      chmod 640 ${site}`);
    expect(stdout).not.toContain('hush-hush');
    chmodSync(site, 0o640);
    expect((await runCli(['doctor', 'config'], options)).stdout).toContain('[ok]');
  });
});
