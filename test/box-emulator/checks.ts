import type { BoxState } from './box-state.ts';
import type { RequestLog } from './request-log.ts';

export type CheckName = 'used-refresh-token' | 'authorization-on-download-host' | 'open-upload-session' | 'call-budget';

/** Something a well-behaved client does not do. */
export interface CheckFinding {
  readonly check: CheckName;
  readonly detail: string;
}

export interface CheckOptions {
  /** API calls that may be spent on any one file; not checked when absent. */
  readonly callsPerFile?: number | undefined;
  /** API and login calls of the whole run; not checked when absent. */
  readonly calls?: number | undefined;
  /** Findings that are expected. */
  readonly ignore?: readonly CheckName[] | undefined;
}

/** Looks back on all that clients did. Nothing found is an empty list. */
export function checkConduct(box: BoxState, log: RequestLog, options: CheckOptions): CheckFinding[] {
  const findings: CheckFinding[] = [];
  const used = box.tokens.usedRefreshTokensSent;
  if (used > 0) findings.push({ check: 'used-refresh-token', detail: `sent ${used} times` });
  for (const record of log.records) {
    if (record.host === 'download' && record.authorization !== 'none') {
      findings.push({ check: 'authorization-on-download-host', detail: `request ${record.number}` });
    }
  }
  for (const session of box.sessions.unfinished()) {
    const { target } = session;
    const what = target.kind === 'new' ? `for "${target.name}"` : `for file ${target.fileId}`;
    findings.push({ check: 'open-upload-session', detail: `${what}, ${session.parts.size} parts` });
  }
  findings.push(...checkBudgets(log, options));
  return findings.filter(({ check }) => options.ignore?.includes(check) !== true);
}

function checkBudgets(log: RequestLog, options: CheckOptions): CheckFinding[] {
  const findings: CheckFinding[] = [];
  const { callsPerFile, calls } = options;
  if (callsPerFile !== undefined) {
    for (const fileId of log.filesCharged()) {
      const spent = log.callsOfFile(fileId);
      if (spent > callsPerFile) findings.push({ check: 'call-budget', detail: `file ${fileId}: ${spent} calls` });
    }
  }
  const total = log.count() - log.count('download');
  if (calls !== undefined && total > calls) findings.push({ check: 'call-budget', detail: `${total} calls in all` });
  return findings;
}
