import { quoteValue } from '../../core/quote-value.ts';
import { safeJson } from '../../core/safe-json.ts';
import { resolveSettings } from '../../core/config/resolve-settings.ts';
import { closest } from '../../core/config/closest.ts';
import type { Settings } from '../../core/config/settings-table.ts';
import { EXIT, UsageError, type ExitCode } from '../../core/errors.ts';
import { homeFolder } from '../../config/config-files.ts';
import type { Invocation } from '../invocation.ts';
import { checkBox } from '../doctor/check-box.ts';
import { checkBoxFolder } from '../doctor/check-box-folder.ts';
import { checkTesseract, checkTesseractJs } from '../doctor/check-engines.ts';
import { checkLibraries } from '../doctor/check-libraries.ts';
import { checkConfig, checkCores, checkProgram } from '../doctor/check-program.ts';
import { checkImage, checkScratch, checkSlurm, checkTestJob } from '../doctor/check-slurm.ts';
import { checkSpace } from '../doctor/check-space.ts';
import { examine } from '../doctor/examine.ts';
import type { Check, CheckContext, Finding } from '../doctor/finding.ts';
import { renderFinding, renderVerdict } from '../doctor/render-findings.ts';
import type { TypedCommands } from '../typed-commands.ts';

/** In the order they are told. */
const CHECKS: readonly Check[] = [
  checkProgram,
  checkConfig,
  checkTesseract,
  checkTesseractJs,
  checkLibraries,
  checkSpace,
  checkCores,
  checkBox,
  checkBoxFolder,
  checkSlurm,
  checkImage,
  checkScratch,
  checkTestJob,
];

/** `doctor [check...] [--deep] [--json]` */
export async function run(invocation: Invocation): Promise<ExitCode> {
  const { terminal, flags } = invocation;
  const findings: Finding[] = [];
  for await (const finding of examine(chooseChecks(invocation.positionals), makeContext(invocation))) {
    findings.push(finding);
    if (flags.json !== true)
      terminal.print(renderFinding(finding, terminal.columns(), terminal.abilities.colorOut, terminal.typed));
  }
  if (flags.json === true)
    terminal.print(safeJson({ findings: findings.map((finding) => withTypedCommands(finding, terminal.typed)) }, 2));
  else terminal.print(`\n${renderVerdict(findings, terminal.typed)}`);
  return findings.some(({ status }) => status === 'fail') ? EXIT.missingDependency : EXIT.ok;
}

/** A finding for programs, with commands that work here. */
function withTypedCommands(finding: Finding, typed: TypedCommands): Finding {
  const { remedy } = finding;
  return remedy === undefined
    ? finding
    : { ...finding, remedy: { text: typed(remedy.text), commands: remedy.commands.map(typed) } };
}

function chooseChecks(ids: readonly string[]): readonly Check[] {
  if (ids.length === 0) return CHECKS;
  const known = CHECKS.map(({ id }) => id);
  // `box` is also the first word of `box-folder`.
  const isAsked = (id: string): boolean => ids.some((asked) => id === asked || id.startsWith(`${asked}-`));
  const unknown = ids.find((id) => !known.includes(id));
  if (unknown !== undefined) {
    const near = closest(unknown, known);
    throw new UsageError('UNKNOWN_CHECK', `doctor has no check called ${quoteValue(unknown)}.`, {
      remedy: near === undefined ? `Checks: ${known.join(' ')}` : `Did you mean ${near}?`,
    });
  }
  return CHECKS.filter(({ id }) => isAsked(id));
}

function makeContext({ explainSettings, shell, app, flags }: Invocation): CheckContext {
  const defaults = (): Settings =>
    resolveSettings([], { home: homeFolder(shell.environment), environment: shell.environment }).settings;
  const settingsOrDefaults: CheckContext['settingsOrDefaults'] = () =>
    explainSettings().then(({ settings }) => settings, defaults);
  let engines: ReturnType<CheckContext['findEngines']> | undefined;
  let cluster: ReturnType<CheckContext['inspectCluster']> | undefined;
  return {
    shell,
    deep: flags.deep === true,
    inspectCluster: () => {
      cluster ??= app.inspectCluster(shell.environment);
      return cluster;
    },
    inspectContainerImage: (image) => app.inspectContainerImage(image),
    runTestJob: (request) => app.runTestJob(request),
    loadSettings: explainSettings,
    settingsOrDefaults,
    openBox: (choices) => app.openBox({ choices, environment: shell.environment }),
    explainLanguages: (codes) => app.explainLanguages(codes),
    findEngines: () => {
      engines ??= settingsOrDefaults().then(({ tesseract }) => app.findEngines(tesseract));
      return engines;
    },
  };
}
