import { quoteValue } from '../../core/quote-value.ts';
import { safeJson } from '../../core/safe-json.ts';
import { access } from 'node:fs/promises';
import { configPlaces, showPath } from '../../config/config-files.ts';
import { isOwnOrTrusted, trust, trustAsItIs } from '../../config/trust.ts';
import { listSettings } from '../ask-trust.ts';
import { PROJECT_FILE_MODE, writeSetting } from '../../config/edit-config.ts';
import { settingOfKey } from '../../core/config/resolve-settings.ts';
import { environmentName, SETTING_NAMES, SETTINGS, type SettingName } from '../../core/config/settings-table.ts';
import { closest } from '../../core/config/closest.ts';
import { ConfigError, EXIT, NoInputError, UsageError, type ExitCode } from '../../core/errors.ts';
import type { Invocation } from '../invocation.ts';
import { cleanText, padEnd } from '../screens/display-text.ts';

const ACTIONS = { explain, get, set, unset, trust: trustProject, path: showPlaces } as const;

/** `config explain | get | set | unset | trust | path` */
export async function run(invocation: Invocation): Promise<ExitCode> {
  const [word] = invocation.positionals;
  const action = Object.entries(ACTIONS).find(([name]) => name === word)?.[1];
  if (action === undefined) {
    const near = word === undefined ? undefined : closest(word, Object.keys(ACTIONS));
    throw new UsageError(
      'UNKNOWN_COMMAND',
      word === undefined ? 'config does what? One word is missing.' : `config cannot ${quoteValue(word)}.`,
      {
        remedy:
          near === undefined
            ? 'One of: config explain, get, set, unset, trust, path'
            : `Did you mean ocr-pipeline config ${near}?`,
      },
    );
  }
  await action(invocation, invocation.positionals.slice(1));
  return EXIT.ok;
}

async function explain({ explainSettings, terminal, flags }: Invocation, [key]: readonly string[]): Promise<void> {
  const { settings, origins, project, fromProject } = await explainSettings();
  if (project?.trusted === false && fromProject.some((name) => SETTINGS[name].needsTrust))
    terminal.say(
      terminal.typed(`warn: ${cleanText(project.shown)} is not trusted yet. Read it, then: ocr-pipeline config trust`),
    );
  const names = key === undefined ? SETTING_NAMES : [settingOfKey(key, quoteValue(key))];
  if (flags.json === true) {
    const entries = names.map((name) => [
      SETTINGS[name].key,
      { value: plainValue(name, settings[name]), from: origins[name] },
    ]);
    terminal.print(safeJson(Object.fromEntries(entries), 2));
    return;
  }
  const keyColumn = Math.max(...SETTING_NAMES.map((name) => SETTINGS[name].key.length)) + 1;
  for (const name of names) {
    terminal.print(
      `${padEnd(SETTINGS[name].key, keyColumn)}${padEnd(showValue(name, settings[name]), 32)} ${cleanText(origins[name])}`,
    );
  }
}

async function get({ loadSettings, terminal, flags }: Invocation, [key]: readonly string[]): Promise<void> {
  const name = settingOfKey(requireKey(key, 'get lang'), quoteValue(key ?? ''));
  const value = (await loadSettings())[name];
  terminal.print(flags.json === true ? safeJson(plainValue(name, value)) : showValue(name, value));
}

async function set(invocation: Invocation, [key, ...texts]: readonly string[]): Promise<void> {
  const name = settingOfKey(requireKey(key, 'set lang deu'), quoteValue(key ?? ''));
  if (texts.length === 0) {
    throw new UsageError('MISSING_VALUE', `${SETTINGS[name].key} needs a value: ${SETTINGS[name].kind.expects}.`, {
      remedy: `ocr-pipeline config unset ${SETTINGS[name].key}   takes it out`,
    });
  }
  if (invocation.flags.project === true && SETTINGS[name].notInProjectFile) {
    throw new UsageError(
      'BAD_VALUE',
      `"${SETTINGS[name].key}" cannot be set in a project file: such a file may come from somebody else.`,
      {
        remedy: `Leave out --project`,
      },
    );
  }
  if (SETTINGS[name].secret) {
    throw new UsageError(
      'BAD_VALUE',
      `"${SETTINGS[name].key}" is a secret; command lines can be read by everybody on this computer.`,
      {
        remedy: `Write it into the site's file or your own with an editor (chmod 600), or set ${environmentName(SETTINGS[name])}.`,
      },
    );
  }
  if (name === 'lang') await checkLanguages(invocation, texts);
  await write(invocation, name, texts);
}

/** @throws {ConfigError} `LANG_UNKNOWN`: a word that is no code of Tesseract's and that nothing here has data for. */
async function checkLanguages({ app, loadSettings, terminal }: Invocation, texts: readonly string[]): Promise<void> {
  const facts = await app.explainLanguages(
    texts
      .join(' ')
      .split(/[+\s,;]+/)
      .filter((code) => code !== ''),
  );
  const strange = facts.filter(({ name }) => name === undefined);
  if (strange.length === 0) return;
  const { tesseract } = await loadSettings();
  const here = new Set((await app.findEngines(tesseract)).flatMap(({ languages }) => languages));
  for (const { code, near } of strange.filter((each) => !here.has(each.code))) {
    const [first, ...others] = near;
    if (first === undefined) {
      terminal.say(`warn: there is no language data called "${cleanText(code)}" here`);
      continue;
    }
    const meant = facts.map((each) => each.near[0]?.code ?? each.code).join('+');
    throw new ConfigError('LANG_UNKNOWN', `There is no language called "${code}".`, {
      why: `Near: ${[first, ...others].map((each) => `${each.code} (${each.name})`).join(', ')}`,
      safe: 'Nothing was changed.',
      remedy: `ocr-pipeline config set lang ${meant}`,
    });
  }
}

async function unset(invocation: Invocation, [key]: readonly string[]): Promise<void> {
  await write(invocation, settingOfKey(requireKey(key, 'unset lang'), quoteValue(key ?? '')), []);
}

async function write(
  { flags, shell, terminal }: Invocation,
  name: SettingName,
  texts: readonly string[],
): Promise<void> {
  const kind = flags.project === true ? 'project' : 'user';
  const place = configPlaces(shell).find((candidate) => candidate.kind === kind);
  if (place === undefined) return;
  const trusts = kind === 'project' && (await isOwnOrTrusted(place.file, shell));
  await writeSetting(place.file, SETTINGS[name].key, texts, kind === 'project' ? PROJECT_FILE_MODE : undefined);
  if (trusts) await trustAsItIs(place.file, shell);
  terminal.say(`${texts.length === 0 ? 'Taken out of' : 'Written to'} ${showPath(place.file, shell)}`);
}

async function trustProject({ explainSettings, shell, terminal }: Invocation): Promise<void> {
  const loaded = await explainSettings();
  const { project, fromProject } = loaded;
  if (project === undefined)
    throw new NoInputError('NO_PROJECT_FILE', 'There is no ocr-pipeline.yaml in this folder.', {
      remedy: 'Go to the folder where it is.',
    });
  if (fromProject.length > 0) terminal.say(listSettings(loaded, fromProject));
  await trust(project.file, project.text, shell);
  terminal.print(`[ok] ${cleanText(project.shown)} is trusted as it is now. After a change you are asked again.`);
}

async function showPlaces({ shell, terminal, flags }: Invocation): Promise<void> {
  const places = await Promise.all(
    configPlaces(shell).map(async ({ kind, file }) => ({
      kind,
      file,
      exists: await access(file).then(
        () => true,
        () => false,
      ),
    })),
  );
  if (flags.json === true) terminal.print(safeJson(places, 2));
  else
    for (const { kind, file, exists } of places)
      terminal.print(`${padEnd(kind, 9)}${cleanText(file)}${exists ? '' : '   (not there)'}`);
}

function requireKey(key: string | undefined, example: string): string {
  if (key !== undefined) return key;
  throw new UsageError('MISSING_ARGUMENT', 'Which setting? Its name is missing.', {
    remedy: `For example: ocr-pipeline config ${example}`,
  });
}

/** A value for programs; secrets are for nobody. */
function plainValue(name: SettingName, value: unknown): unknown {
  return SETTINGS[name].secret && value !== undefined ? SETTINGS[name].kind.show(value) : (value ?? null);
}

function showValue(name: SettingName, value: unknown): string {
  return cleanText(
    value === undefined || (Array.isArray(value) && value.length === 0) ? '-' : SETTINGS[name].kind.show(value),
  );
}
