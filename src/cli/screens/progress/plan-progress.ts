import type { PlanProgress } from '../../../core/run-estimate.ts';
import type { Terminal } from '../../terminal.ts';
import { countOf, formatCount } from '../format-numbers.ts';

/** How often a line is drawn again, and how often a new one is written where none can be. */
const REDRAW_MS = 100;
const LINE_MS = 5_000;

/** Says at once that a plan is being made, and how far it is; leaves the screen clean. */
export function showPlanProgress(
  terminal: Terminal,
  quiet: boolean,
  clock: () => number,
): { tell(progress: PlanProgress): void; end(): void } {
  if (quiet) return { tell: () => undefined, end: () => undefined };
  const { redraw } = terminal.abilities;
  let step: PlanProgress['step'] | undefined;
  let shownAt = -Infinity;
  return {
    tell(progress) {
      const now = clock();
      // Each step is seen at least once; the counts in between as often as a person can read them.
      if (progress.step === step && now - shownAt < (redraw ? REDRAW_MS : LINE_MS)) return;
      const text = `PLAN | ${describe(progress)} ...`;
      if (redraw) terminal.draw(`\r\u001b[K${text}`);
      // In a log the first word and long waits are enough.
      else if (step === undefined || now - shownAt >= LINE_MS) terminal.say(text);
      else {
        step = progress.step;
        return;
      }
      step = progress.step;
      shownAt = now;
    },
    end() {
      if (redraw && step !== undefined) terminal.draw('\r\u001b[K');
    },
  };
}

function describe({ step, done, total }: PlanProgress): string {
  switch (step) {
    case 'looking':
      return 'Looking at where scans are and results go';
    case 'listing':
      return `Listing: ${countOf(done, 'PDF')} so far`;
    case 'opening':
      return `Opening: ${formatCount(done)} of ${countOf(total ?? done, 'PDF')}`;
    case 'reading':
      return `Reading sample pages: ${formatCount(done)} of ${formatCount(total ?? done)}`;
  }
}
