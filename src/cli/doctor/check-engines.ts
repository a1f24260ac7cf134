import type { EngineReport, LanguageFacts } from '../../app/contract.ts';
import type { Check, Finding, Remedy } from './finding.ts';

const SHOWN_LANGUAGES = 12;

type Judgement = Omit<Finding, 'id' | 'title'>;

/** Is the native engine there, with the languages that are set? */
export const checkTesseract: Check = {
  id: 'tesseract',
  title: 'Tesseract',
  async run({ settingsOrDefaults, findEngines, explainLanguages }) {
    const { lang, engine } = await settingsOrDefaults();
    if (engine === 'tesseract.js') return { status: 'skip', detail: 'not used: the setting "engine" is tesseract.js' };
    const engines = await findEngines();
    const wanted = await explainLanguages(lang.split('+'));
    const native = engines.find(({ name }) => name === 'tesseract');
    const bundled = engines.find(({ name }) => name === 'tesseract.js');
    const required = engine === 'tesseract' || missingIn(bundled, wanted).length > 0;
    return judge(native, wanted, required, nativeRemedy(native, wanted));
  },
};

/** Is the bundled engine there, with the languages that are set? */
export const checkTesseractJs: Check = {
  id: 'tesseract.js',
  title: 'tesseract.js',
  async run({ settingsOrDefaults, findEngines, explainLanguages }) {
    const { lang, engine } = await settingsOrDefaults();
    if (engine === 'tesseract') return { status: 'skip', detail: 'not used: the setting "engine" is tesseract' };
    const bundled = (await findEngines()).find(({ name }) => name === 'tesseract.js');
    const wanted = await explainLanguages(lang.split('+'));
    const packages = missingIn(bundled, wanted).map(({ code }) => `@tesseract.js-data/${code}`);
    const remedy = { text: 'Its language data comes from npm:', commands: [`npm install ${packages.join(' ')}`] };
    const finding = judge(bundled, wanted, engine === 'tesseract.js', bundled?.available === true ? remedy : undefined);
    // It is the second choice: that it lacks a language is told, and is no trouble by itself.
    return engine === 'auto' && finding.status === 'warn' ? { status: 'ok', detail: finding.detail } : finding;
  },
};

function missingIn(engine: EngineReport | undefined, wanted: readonly LanguageFacts[]): readonly LanguageFacts[] {
  return engine?.available === true ? wanted.filter(({ code }) => !engine.languages.includes(code)) : wanted;
}

function judge(
  engine: EngineReport | undefined,
  wanted: readonly LanguageFacts[],
  required: boolean,
  remedy: Remedy | undefined,
): Judgement {
  const bad = required ? 'fail' : 'warn';
  if (engine === undefined || !engine.available)
    return { status: bad, detail: engine?.detail ?? 'not part of this build', remedy };
  const missing = missingIn(engine, wanted);
  const shown = engine.languages.slice(0, SHOWN_LANGUAGES).join(' ');
  const more =
    engine.languages.length > SHOWN_LANGUAGES ? ` and ${engine.languages.length - SHOWN_LANGUAGES} more` : '';
  const detail = `${engine.version ?? 'version unknown'}${describeBuild(engine)}, languages ${shown}${more}`;
  if (missing.length > 0) {
    return {
      status: bad,
      detail: `${detail}; not ${missing.map(describeLanguage).join(', ')}`,
      remedy: correction(wanted) ?? remedy,
    };
  }
  if (!engine.orientation && engine.name === 'tesseract') {
    const osd = { text: 'Its orientation data is missing.', commands: [installCommand(['osd'])] };
    return { status: 'warn', detail: `${detail}; cannot tell which way a page is turned`, remedy: osd };
  }
  return { status: 'ok', detail, remedy: hintAtSpeed(engine) };
}

function describeBuild({ compiledFor, openMp }: EngineReport): string {
  return compiledFor === undefined
    ? ''
    : `, compiled for speed (${compiledFor}, ${openMp === true ? 'with' : 'no'} OpenMP)`;
}

/** Where a faster one can be made: it is built from Debian's sources, for these processors. */
function hintAtSpeed({ name, compiledFor }: EngineReport): Remedy | undefined {
  if (name !== 'tesseract' || compiledFor !== undefined || process.platform !== 'linux' || process.arch !== 'x64')
    return undefined;
  return {
    text: 'Compiled for speed it reads 1.4 times as fast or more, with the same text: docs/container.md',
    commands: [],
  };
}

function describeLanguage({ code, name }: Pick<LanguageFacts, 'code' | 'name'>): string {
  return name === undefined ? code : `${code} (${name})`;
}

/** What to type instead, where a code is none of Tesseract's: no data can be installed for it. */
function correction(wanted: readonly LanguageFacts[]): Remedy | undefined {
  const wrong = wanted.find(({ near }) => near.length > 0);
  if (wrong === undefined) return undefined;
  const meant = wanted.map(({ code, near }) => near[0]?.code ?? code).join('+');
  return {
    text: `There is no "${wrong.code}". Near: ${wrong.near.map(describeLanguage).join(', ')}`,
    commands: [`ocr-pipeline doctor --lang ${meant}`],
  };
}

function nativeRemedy(native: EngineReport | undefined, wanted: readonly LanguageFacts[]): Remedy {
  const commands = [installCommand(missingIn(native, wanted).map(({ code }) => code))];
  if (native?.available === true) return { text: 'Install the language data:', commands };
  return { text: 'It is several times faster than tesseract.js. Install it:', commands };
}

function installCommand(codes: readonly string[]): string {
  if (process.platform === 'darwin') return 'brew install tesseract tesseract-lang';
  // Debian's packages: `chi_sim` is in tesseract-ocr-chi-sim.
  const packages = codes.map(
    (code) => `tesseract-ocr-${code.replace('script/', 'script-').replaceAll('_', '-').toLowerCase()}`,
  );
  return `sudo apt install ${['tesseract-ocr', ...packages].join(' ')}`;
}
