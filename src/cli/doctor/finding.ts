import type { Settings } from '../../core/config/settings-table.ts';
import type { LoadedSettings } from '../../config/load-settings.ts';
import type { CallingShell } from '../../config/config-files.ts';
import type { BoxChoices } from '../../core/run-request.ts';
import type { App, BoxService, ClusterView, EngineReport, LanguageFacts } from '../../app/contract.ts';

export type FindingStatus = 'ok' | 'warn' | 'fail' | 'skip';

/** What a check found. Plain JSON; never holds a secret. */
export interface Finding {
  readonly id: string;
  readonly status: FindingStatus;
  readonly title: string;
  readonly detail: string;
  readonly remedy?: Remedy | undefined;
}

export interface Remedy {
  readonly text: string;
  /** Command lines; one of them is enough. */
  readonly commands: readonly string[];
}

/** What checks look at. Each part is asked for once, whatever the number of checks that want it. */
export interface CheckContext {
  readonly shell: CallingShell;
  readonly loadSettings: () => Promise<LoadedSettings>;
  /** The settings, or the defaults where a file is broken: that is another check's finding. */
  readonly settingsOrDefaults: () => Promise<Settings>;
  readonly findEngines: () => Promise<readonly EngineReport[]>;
  /** `absent`: no Slurm here; `silent`: it does not answer. */
  readonly inspectCluster: () => Promise<ClusterView | 'absent' | 'silent'>;
  readonly inspectContainerImage: App['inspectContainerImage'];
  readonly runTestJob: App['runTestJob'];
  /** Checks may take minutes, and do what costs something. */
  readonly deep: boolean;
  readonly openBox: (choices: BoxChoices) => BoxService;
  readonly explainLanguages: (codes: readonly string[]) => Promise<readonly LanguageFacts[]>;
}

/** One thing that must be in place. */
export interface Check {
  /** Named on the command line: `doctor space`. */
  readonly id: string;
  readonly title: string;
  /** Where it may take longer than others. */
  readonly timeoutMs?: number | undefined;
  /** A rejection is a finding too. */
  run(context: CheckContext): Promise<Omit<Finding, 'id' | 'title'>>;
}
