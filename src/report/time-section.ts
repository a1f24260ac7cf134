import type { RunState, SessionRecord } from '../core/run-state.ts';
import { html, type Html } from './html.ts';
import { formatNumber, heading, localTime, plural, scrolling } from './tables.ts';

/** What the run took, as planned and as used, and each of its lives. */
export function timeSection(state: RunState, timeZone: string | undefined): Html {
  const rows = state.sessions.map(({ startedAt, endedAt, host, ...end }) => {
    const seconds = endedAt === undefined ? undefined : (Date.parse(endedAt) - Date.parse(startedAt)) / 1_000;
    const took = seconds === undefined ? '-' : formatSeconds(seconds);
    return html`<tr><td>${localTime(startedAt, timeZone)}</td><td class="n">${took}</td><td>${host}</td><td>${endOf({ endedAt, ...end })}</td></tr>`;
  });
  const columns = heading([
    ['Started', 'text'],
    ['Took', 'number'],
    ['On', 'text'],
    ['End', 'text'],
  ]);
  return html`<section id="time"><h2>Time</h2>
${usageOf(state)}${scrolling('Time', html`<table>${columns}<tbody>${rows}</tbody></table>`)}</section>`;
}

function endOf({ endedAt, exitCode, error }: Pick<SessionRecord, 'endedAt' | 'exitCode' | 'error'>): string {
  if (endedAt === undefined) return 'was killed, or goes on';
  return error ? `stopped: ${error.message}` : `ended (${exitCode ?? ''})`;
}

/** Of a run on a cluster: what was asked for, and what its jobs took and cost. */
function usageOf({ clusterUse: use }: RunState): Html {
  if (!use) return html``;
  const rows = [
    ['Planned, at most', use.asked],
    ['Used', use.used],
  ] as const;
  const cells = rows.map(([name, { coreSeconds, cost }]) => {
    const hours = `${formatNumber(Math.round(coreSeconds / 360) / 10)} core hours`;
    const price = cost ? `${formatNumber(Math.round(cost.amount * 10) / 10)} ${cost.unit}` : '';
    return html`<tr><th scope="row">${name}</th><td class="n">${hours}</td><td class="n">${price}</td></tr>`;
  });
  const caption = `Slurm, ${plural(use.jobs, 'job')} on ${plural(use.nodes, 'node')}`;
  return scrolling('Planned and used', html`<table><caption>${caption}</caption><tbody>${cells}</tbody></table>`);
}

/** `45 s`, `12 min`, `3 h 05 min`. */
function formatSeconds(seconds: number): string {
  if (seconds < 100) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 100) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}
