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
   * further SIGTERM ends it either.
   */
  setStoppable(stoppable: boolean | 'patiently'): void;
  close(): void;
}

/** Node would let an ignored signal end the process where nobody listens for it. */
const takeNoNotice = (): void => undefined;

/**
 * Listens for Ctrl-C, SIGTERM, a closed terminal (SIGHUP) and SIGUSR2, which schedulers send when time is nearly up, and for SIGXCPU.
 * SIGUSR1 is left to Node, which opens its debugger with it.
 * Once one was heeded the system's own action is in force again, so that a second Ctrl-C ends the process whatever hangs
 * in it; a shell sees 130 or 143 then.
 * @param endNow is called with 130 or 143 where there is nothing to finish.
 * @param ignored signals that whoever started this process wants ignored: they stay so.
 */
export function listenForStop(
  source: SignalSource,
  endNow: (exitCode: ExitCode) => void,
  ignored: ReadonlySet<NodeJS.Signals> = new Set(),
): StopSignals {
  const controller = new AbortController();
  let stoppable: boolean | 'patiently' = false;
  const ask = (message: string): void => {
    // Before anything else is done: what is done may hang.
    leaveToSystem();
    controller.abort(
      new StoppedError('STOPPED', message, {
        safe: 'All finished pages are kept.',
        remedy: 'The same command again goes on where it stopped.',
      }),
    );
  };
  const askOrEnd = (message: string, exitCode: ExitCode) => () => {
    if (stoppable && !controller.signal.aborted) return ask(message);
    if (stoppable === 'patiently' && exitCode === EXIT.terminated) return;
    leaveToSystem();
    endNow(exitCode);
  };
  const askOnce = (message: string) => () => {
    if (stoppable) ask(message);
    else endNow(EXIT.terminated);
  };
  const listeners: readonly (readonly [NodeJS.Signals, () => void])[] = [
    ['SIGINT', askOrEnd('Stopped, as you asked.', EXIT.interrupted)],
    ['SIGTERM', askOrEnd('Stopped: the system or another program asked for it.', EXIT.terminated)],
    // The shell and the system both tell of a closed terminal: it comes twice.
    ['SIGHUP', askOnce('Stopped: the terminal was closed.')],
    // Only a warning, however often it comes.
    ['SIGUSR2', () => ask('Stopped: the time allowed is nearly up.')],
    // The system sends it each second from the soft limit on, and ends the process at the hard one.
    ['SIGXCPU', () => ask('Stopped: the CPU time allowed (ulimit -t) is used up.')],
  ];
  const heeded = listeners.filter(([name]) => !ignored.has(name));
  const leaveToSystem = (): void => {
    for (const [name, listener] of heeded) {
      // Batch systems send several SIGTERM at once.
      if (name === 'SIGINT' || (name === 'SIGTERM' && stoppable !== 'patiently')) source.off(name, listener);
    }
  };
  for (const name of ignored) source.on(name, takeNoNotice);
  for (const [name, listener] of heeded) source.on(name, listener);
  return {
    signal: controller.signal,
    setStoppable(value) {
      stoppable = value;
    },
    close() {
      for (const [name, listener] of heeded) source.off(name, listener);
    },
  };
}
