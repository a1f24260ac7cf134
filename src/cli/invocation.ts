import type { App } from '../app/contract.ts';
import type { CallingShell } from '../config/config-files.ts';
import type { LoadedSettings } from '../config/load-settings.ts';
import type { Settings } from '../core/config/settings-table.ts';
import type { ExitCode } from '../core/errors.ts';
import type { FlagValues } from './flags.ts';
import type { Terminal } from './terminal.ts';

/** One call of a command, with all it may use. */
export interface Invocation {
  /** All that followed the command's name, as typed. */
  readonly words: readonly string[];
  readonly positionals: readonly string[];
  readonly flags: FlagValues;
  readonly terminal: Terminal;
  readonly app: App;
  /** Aborts with a StoppedError when the person or the system asks to stop. */
  readonly signal: AbortSignal;
  readonly shell: CallingShell;
  /** @throws {UsageError | ConfigError} a setting is wrong. */
  readonly loadSettings: () => Promise<Settings>;
  /** The settings and where each came from. */
  readonly explainSettings: () => Promise<LoadedSettings>;
}

/** What a command's file exports. */
export interface CommandModule {
  run(invocation: Invocation): Promise<ExitCode>;
}
