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

/** Of a run on a cluster: what was planned, and what its jobs took and cost. */
function usageOf({ planned, used }: RunState): Html {
  const rows: Html[] = [];
  if (planned) {
    const { seconds, cost } = planned;
    const time = seconds ? `${formatSeconds(seconds[0])} to ${formatSeconds(seconds[1])}` : '-';
    const price = cost ? `${formatNumber(cost.low)} to ${formatNumber(cost.high)} ${cost.unit}` : '-';
    rows.push(html`<tr><th scope="row">Planned, ${planned.where}</th><td>${time}</td><td>${price}</td></tr>`);
  }
  if (used) {
    const { jobs, nodes, coreSeconds, cost } = used;
    const time = `${formatNumber(Math.round(coreSeconds / 360) / 10)} core hours, ${plural(jobs, 'job')}, ${plural(nodes, 'node')}`;
    const price = cost ? `${formatNumber(Math.round(cost.amount * 10) / 10)} ${cost.unit}` : '-';
    rows.push(html`<tr><th scope="row">Used</th><td>${time}</td><td>${price}</td></tr>`);
  }
  if (rows.length === 0) return html``;
  return scrolling('Planned and used', html`<table><tbody>${rows}</tbody></table>`);
}

/** `45 s`, `12 min`, `3 h 05 min`. */
function formatSeconds(seconds: number): string {
  if (seconds < 100) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 100) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}
