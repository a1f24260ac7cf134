import { safeJson } from '../../core/safe-json.ts';
import { EXIT, MissingDependencyError, type ExitCode } from '../../core/errors.ts';
import type { Invocation } from '../invocation.ts';
import type { TypedCommands } from '../typed-commands.ts';
import { cleanText, padEnd, wrap } from '../screens/display-text.ts';
import type { EngineReport, LanguageFacts } from '../../app/contract.ts';

/** `languages [--json]` */
export async function run(invocation: Invocation): Promise<ExitCode> {
  const { terminal, flags, app } = invocation;
  const { tesseract } = await invocation.loadSettings();
  const engines = await app.findEngines(tesseract);
  if (flags.json === true) terminal.print(safeJson({ engines }, 2));
  else {
    const codes = [...new Set(engines.flatMap(({ available, languages }) => (available ? languages : [])))].sort();
    terminal.print(renderLanguages(engines, await app.explainLanguages(codes), terminal.columns(), terminal.typed));
  }
  if (!engines.some(({ available }) => available)) {
    throw new MissingDependencyError('ENGINE_MISSING', 'No OCR engine can be used here.', {
      remedy: 'ocr-pipeline doctor   says how to fix it',
    });
  }
  return EXIT.ok;
}

/** A line a language, with the engines that read it. */
export function renderLanguages(
  engines: readonly EngineReport[],
  languages: readonly LanguageFacts[],
  width: number,
  typed: TypedCommands,
): string {
  const usable = engines.filter(({ available }) => available);
  const lines = [`${padEnd('CODE', 14)}${padEnd('LANGUAGE', 30)}READ BY`];
  for (const { code, name } of languages) {
    const by = usable.filter(({ languages }) => languages.includes(code)).map(({ name }) => name);
    lines.push(`${padEnd(cleanText(code), 14)}${padEnd(name ?? '', 30)}${by.join(', ')}`.trimEnd());
  }
  for (const { name, detail } of engines.filter(({ available }) => !available)) {
    lines.push(...wrap(`${name} cannot be used: ${cleanText(detail)}`, width));
  }
  lines.push(
    '',
    ...wrap(
      typed('Several at once: --lang deu+frk. More: ocr-pipeline doctor --lang CODE   says how to install one.'),
      width,
    ),
  );
  return lines.join('\n');
}
