/** What a benchmark found: printed as a table, kept as JSON. */
export interface BenchTable {
  readonly title: string;
  /** What was done to what, so that somebody else can do it again. One or two sentences. */
  readonly method: string;
  readonly columns: readonly string[];
  readonly rows: readonly BenchRow[];
  /** Figures the goals are about, in one sentence each. */
  readonly findings: readonly string[];
}

export interface BenchRow {
  readonly what: string;
  /** In the order of the columns after the first; null where it does not apply. */
  readonly values: readonly (number | string | null)[];
}

/** A Markdown table with the numbers aligned right and three significant digits. */
export function renderTable(table: BenchTable): string {
  const cells = [table.columns, ...table.rows.map((row) => [row.what, ...row.values.map(formatValue)])];
  const widths = table.columns.map((_, column) => Math.max(3, ...cells.map((row) => row[column]?.length ?? 0)));
  const lines = cells.map((row) => `| ${widths.map((width, at) => pad(row[at] ?? '', width, at)).join(' | ')} |`);
  const rule = `|${widths.map((width, at) => (at === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  const findings = table.findings.map((finding) => `- ${finding}`);
  return [`## ${table.title}`, '', table.method, '', lines[0], rule, ...lines.slice(1), '', ...findings, ''].join('\n');
}

function pad(text: string, width: number, column: number): string {
  return column === 0 ? text.padEnd(width) : text.padStart(width);
}

function formatValue(value: number | string | null): string {
  if (value === null) return '-';
  return typeof value === 'string' ? value : formatNumber(value);
}

/** Three significant digits, without an exponent: 1234, 12.3, 0.0123. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '-';
  if (value === 0) return '0';
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(digits, 6));
}

/** The middle value; the mean of the two middle ones of an even number. @throws {RangeError} there is none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const low = sorted[Math.floor((sorted.length - 1) / 2)];
  const high = sorted[Math.floor(sorted.length / 2)];
  if (low === undefined || high === undefined) throw new RangeError('no values');
  return (low + high) / 2;
}
