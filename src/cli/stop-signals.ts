import { EXIT, StoppedError, type ExitCode } from '../core/errors.ts';

/** The part of `process` that signals come from. */
export interface SignalSource {
  on(signal: NodeJS.Signals, listener: () => void): unknown;
  off(signal: NodeJS.Signals, listener: () => void): unknown;
}

/** Turns signals into a wish to stop. */
export interface StopSignals {
  /** Aborts at the first signal; its reason is a StoppedError. */
  readonly signal: AbortSignal;
  /**
   * What is running can stop tidily: a first signal asks it to. Otherwise a first signal ends the program. `patiently`: no
   * further SIGTERM ends it either, since batch systems send several at once.
   */
  setStoppable(stoppable: boolean | 'patiently'): void;
  close(): void;
}

/**
 * Listens for Ctrl-C, SIGTERM, a closed terminal (SIGHUP) and SIGUSR2, which schedulers send when time is nearly up.
 * SIGUSR1 is left to Node, which opens its debugger with it.
 * @param endNow is called with 130 or 143 when somebody does not want to wait any longer.
 */
export function listenForStop(source: SignalSource, endNow: (exitCode: ExitCode) => void): StopSignals {
  const controller = new AbortController();
  let stoppable: boolean | 'patiently' = false;
  const ask = (message: string): void =>
    controller.abort(
      new StoppedError('STOPPED', message, {
        safe: 'All finished pages are kept.',
        remedy: 'The same command again goes on where it stopped.',
      }),
    );
  const askOrEnd = (message: string, exitCode: ExitCode) => () => {
    if (controller.signal.aborted && stoppable === 'patiently' && exitCode === EXIT.terminated) return;
    if (controller.signal.aborted || !stoppable) endNow(exitCode);
    else ask(message);
  };
  const listeners: readonly (readonly [NodeJS.Signals, () => void])[] = [
    ['SIGINT', askOrEnd('Stopped, as you asked.', EXIT.interrupted)],
    ['SIGTERM', askOrEnd('Stopped: the system or another program asked for it.', EXIT.terminated)],
    ['SIGHUP', askOrEnd('Stopped: the terminal was closed.', EXIT.terminated)],
    // Only a warning, however often it comes.
    ['SIGUSR2', () => ask('Stopped: the time allowed is nearly up.')],
  ];
  for (const [name, listener] of listeners) source.on(name, listener);
  return {
    signal: controller.signal,
    setStoppable(value) {
      stoppable = value;
    },
    close() {
      for (const [name, listener] of listeners) source.off(name, listener);
    },
  };
}
