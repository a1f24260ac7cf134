import { languageName } from '../language-name.ts';
import type { EngineReport } from '../wiring.ts';
import type { Check, Finding, Remedy } from './finding.ts';

const SHOWN_LANGUAGES = 12;

/** Is the native engine there, with the languages that are set? */
export const checkTesseract: Check = {
  id: 'tesseract',
  title: 'Tesseract',
  async run({ settingsOrDefaults, findEngines }) {
    const { lang, engine } = await settingsOrDefaults();
    if (engine === 'tesseract.js') return { status: 'skip', detail: 'not used: the setting "engine" is tesseract.js' };
    const engines = await findEngines();
    const wanted = lang.split('+');
    const native = engines.find(({ name }) => name === 'tesseract');
    const bundled = engines.find(({ name }) => name === 'tesseract.js');
    const required = engine === 'tesseract' || !reads(bundled, wanted);
    return judge(native, wanted, required, nativeRemedy(native, wanted));
  },
};

/** Is the bundled engine there, with the languages that are set? */
export const checkTesseractJs: Check = {
  id: 'tesseract.js',
  title: 'tesseract.js',
  async run({ settingsOrDefaults, findEngines }) {
    const { lang, engine } = await settingsOrDefaults();
    const bundled = (await findEngines()).find(({ name }) => name === 'tesseract.js');
    const wanted = lang.split('+');
    const missing = wanted.filter((code) => !(bundled?.languages.includes(code) ?? false));
    const remedy = { text: `Its data for ${missing.join(', ')} comes from npm:`, commands: [`npm install ${missing.map((code) => `@tesseract.js-data/${code}`).join(' ')}`] };
    if (engine === 'tesseract') return { status: 'skip', detail: 'not used: the setting "engine" is tesseract' };
    const finding = judge(bundled, wanted, engine === 'tesseract.js', bundled?.available === true ? remedy : undefined);
    // It is the second choice: that it lacks a language is told, and is no trouble by itself.
    return engine === 'auto' && finding.status === 'warn' ? { ...finding, status: 'ok', remedy: undefined } : finding;
  },
};

function reads(engine: EngineReport | undefined, wanted: readonly string[]): boolean {
  return engine?.available === true && wanted.every((code) => engine.languages.includes(code));
}

function judge(engine: EngineReport | undefined, wanted: readonly string[], required: boolean, remedy: Remedy | undefined): Omit<Finding, 'id' | 'title'> {
  const bad = required ? 'fail' : 'warn';
  if (engine === undefined || !engine.available) return { status: bad, detail: engine?.detail ?? 'not part of this build', remedy };
  const missing = wanted.filter((code) => !engine.languages.includes(code));
  const shown = engine.languages.slice(0, SHOWN_LANGUAGES).join(' ');
  const more = engine.languages.length > SHOWN_LANGUAGES ? ` and ${engine.languages.length - SHOWN_LANGUAGES} more` : '';
  const detail = `${engine.version ?? 'version unknown'}, languages ${shown}${more}`;
  if (missing.length > 0) {
    const names = missing.map((code) => `${code}${languageName(code) === undefined ? '' : ` (${languageName(code)})`}`);
    return { status: bad, detail: `${detail}; not ${names.join(', ')}`, remedy };
  }
  if (!engine.orientation && engine.name === 'tesseract') {
    return { status: 'warn', detail: `${detail}; cannot tell which way a page is turned`, remedy: { text: 'Its orientation data is missing.', commands: [installCommand(['osd'])] } };
  }
  return { status: 'ok', detail };
}

function nativeRemedy(native: EngineReport | undefined, wanted: readonly string[]): Remedy {
  if (native?.available !== true) {
    return { text: 'It is several times faster than tesseract.js. Install it:', commands: [installCommand(wanted)] };
  }
  return { text: 'Install the language data:', commands: [installCommand(wanted.filter((code) => !native.languages.includes(code)))] };
}

function installCommand(codes: readonly string[]): string {
  if (process.platform === 'darwin') return 'brew install tesseract tesseract-lang';
  // Debian's packages: `chi_sim` is in tesseract-ocr-chi-sim.
  const packages = codes.map((code) => `tesseract-ocr-${code.replace('script/', 'script-').replaceAll('_', '-').toLowerCase()}`);
  return `sudo apt install tesseract-ocr ${packages.join(' ')}`;
}
