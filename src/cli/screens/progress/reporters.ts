import type { LogLevel, ProgressStyle } from '../../../core/config/settings-table.ts';
import type { RunNotice, RunObserver, RunProgress } from '../../../core/progress.ts';
import { safeJson } from '../../../core/safe-json.ts';
import { truncate } from '../display-text.ts';
import { countOf } from '../format-numbers.ts';
import type { Terminal } from '../../terminal.ts';
import { renderProgressBlock } from './render-block.ts';
import { clockTime, renderNoticeLine, renderProgressLine, renderRunLine, renderStartLine } from './render-line.ts';

/** Shows a run while it is on. */
export interface ProgressReporter extends RunObserver {
  /** The person asked to stop: say what happens now. */
  stopping(): void;
  /** Leaves the screen clean for what is printed next. */
  end(): void;
}

export interface ReporterOptions {
  readonly style: ProgressStyle;
  readonly logLevel: LogLevel;
  /** Now, in milliseconds since 1970. */
  readonly clock: () => number;
  /** IANA name; absent: the system's. */
  readonly timeZone?: string | undefined;
}

const PLAIN_EVERY_MS = 30_000;
const JSON_EVERY_MS = 1_000;
const LIVE_EVERY_MS = 100;
/** Rows a terminal needs for the live block and some lines above it. */
const LIVE_ROWS = 16;
/** Notices of one kind that are shown; thousands would hide all else. */
const SHOWN_A_CODE = 20;

/** Chooses how to show a run: as asked, or by what the terminal can do. */
export function makeReporter(terminal: Terminal, options: ReporterOptions): ProgressReporter {
  const canRedraw = terminal.abilities.redraw && terminal.rows() >= LIVE_ROWS;
  const style = options.style === 'auto' ? (canRedraw ? 'live' : 'plain') : options.style;
  if (style === 'none')
    return { progress: () => undefined, notice: () => undefined, stopping: () => undefined, end: () => undefined };
  if (style === 'json') return jsonReporter(terminal, options);
  // Where live was asked for and nothing can be redrawn, lines say the same.
  return style === 'live' && terminal.abilities.redraw
    ? liveReporter(terminal, options)
    : plainReporter(terminal, options);
}

/** True for the first notices of each kind; tells once when the rest is left to the report. */
function noticeGate(level: LogLevel): (notice: RunNotice) => 'show' | 'last' | 'hide' {
  const wanted = level === 'error' ? ['error'] : level === 'warn' ? ['error', 'warn'] : ['error', 'warn', 'info'];
  const seen = new Map<string, number>();
  return ({ level, code }) => {
    if (!wanted.includes(level)) return 'hide';
    const count = (seen.get(code) ?? 0) + 1;
    seen.set(code, count);
    return count < SHOWN_A_CODE ? 'show' : count === SHOWN_A_CODE ? 'last' : 'hide';
  };
}

function stoppingText(last: RunProgress | undefined): string {
  const inHand = last?.reading.length ?? 0;
  const what = inHand > 0 ? `finishing ${countOf(inHand, 'page')}` : 'finishing what is in hand';
  return `Stopping: ${what}. Ctrl-C again stops now.`;
}

function plainReporter(terminal: Terminal, { clock, timeZone, logLevel }: ReporterOptions): ProgressReporter {
  const gate = noticeGate(logLevel);
  let last: RunProgress | undefined;
  let shownAt = -Infinity;
  const say = (text: string): void => terminal.say(`${clockTime(clock(), timeZone)} ${text}`);
  return {
    progress(progress) {
      const changed = progress.phase !== last?.phase;
      if (last === undefined) say(renderStartLine(progress));
      last = progress;
      if (!changed && clock() - shownAt < PLAIN_EVERY_MS) return;
      shownAt = clock();
      say(renderProgressLine(progress));
    },
    notice(notice) {
      const verdict = gate(notice);
      if (verdict !== 'hide') say(renderNoticeLine(notice));
      if (verdict === 'last') say(`more of this kind (${notice.code}) are in the report`);
    },
    stopping: () => say(stoppingText(last)),
    end: () => undefined,
  };
}

function jsonReporter(terminal: Terminal, { clock }: ReporterOptions): ProgressReporter {
  let phase: RunProgress['phase'] | undefined;
  let shownAt = -Infinity;
  const say = (record: object): void => terminal.say(safeJson(record));
  return {
    progress(progress) {
      if (progress.phase === phase && clock() - shownAt < JSON_EVERY_MS) return;
      phase = progress.phase;
      shownAt = clock();
      say({ type: 'progress', ...progress });
    },
    notice: (notice) => say({ type: 'notice', ...notice }),
    stopping: () => say({ type: 'notice', level: 'info', code: 'STOPPING', text: 'finishing what is in hand' }),
    end: () => undefined,
  };
}

function liveReporter(terminal: Terminal, { clock, timeZone, logLevel }: ReporterOptions): ProgressReporter {
  const gate = noticeGate(logLevel);
  let last: RunProgress | undefined;
  let drawnLines = 0;
  let drawnAt = -Infinity;
  /** One write a picture, each line erased only as it is written over: no flicker. */
  const draw = (above: string): void => {
    const up = drawnLines === 0 ? '' : `\u001b[${drawnLines}A\r`;
    // One column less: a line that fills the last column makes some terminals begin another.
    const width = terminal.columns() - 1;
    const block =
      last === undefined
        ? []
        : [
            renderRunLine(last, width),
            '',
            ...renderProgressBlock(last, { width, unicode: terminal.abilities.unicode, timeZone }).split('\n'),
          ];
    const lines = [...(above === '' ? [] : above.split('\n').map((line) => truncate(line, width))), ...block];
    terminal.draw(`${up}${lines.map((line) => `${line}\u001b[K\n`).join('')}\u001b[J`);
    drawnLines = block.length;
    drawnAt = clock();
  };
  return {
    progress(progress) {
      const changed = progress.phase !== last?.phase;
      last = progress;
      if (changed || clock() - drawnAt >= LIVE_EVERY_MS) draw('');
    },
    notice(notice) {
      const verdict = gate(notice);
      if (verdict === 'hide') return;
      draw(
        renderNoticeLine(notice) + (verdict === 'last' ? `\nmore of this kind (${notice.code}) are in the report` : ''),
      );
    },
    stopping: () => draw(stoppingText(last)),
    end() {
      // Which run it was stays to be read.
      if (drawnLines > 0 && last)
        terminal.draw(`\u001b[${drawnLines}A\r\u001b[J${renderRunLine(last, terminal.columns() - 1)}\n\n`);
      drawnLines = 0;
      last = undefined;
    },
  };
}
