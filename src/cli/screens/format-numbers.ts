const grouped = new Intl.NumberFormat('en-US');

/** `12480` as `12,480`. */
export function formatCount(count: number): string {
  return grouped.format(count);
}

/** `1 document`, `2 documents`. */
export function countOf(count: number, noun: string, plural = `${noun}s`): string {
  return `${formatCount(count)} ${count === 1 ? noun : plural}`;
}

/** Decimal units, as disks and Box count: `38.2 GB`. */
export function formatBytes(sizeBytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let value = sizeBytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  const shown = unit === 0 || value >= 99.95 ? String(Math.round(value)) : value.toFixed(1);
  return `${shown} ${units[unit] ?? ''}`;
}

/** A length of time, as coarse as people say it: `8 s`, `45 min`, `2h20`, `3 days`. */
export function formatDuration(durationSeconds: number): string {
  const rounded = Math.max(0, Math.round(durationSeconds));
  if (rounded < 90) return `${rounded} s`;
  const minutes = Math.round(rounded / 60);
  if (minutes < 100) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours}h${String(minutes % 60).padStart(2, '0')}`;
  return `${Math.round(hours / 24)} days`;
}

/** A guess as a range: `31-36 min`, `2h20-3h00`, `50 s-2 min`. */
export function formatDurationRange([low, high]: readonly [low: number, high: number]): string {
  const from = formatDuration(low);
  const to = formatDuration(high);
  if (from === to) return from;
  const [fromNumber, fromUnit] = from.split(' ');
  const [, toUnit] = to.split(' ');
  return fromUnit !== undefined && fromUnit === toUnit ? `${fromNumber ?? ''}-${to}` : `${from}-${to}`;
}

/** A whole percentage that is 100 only when all is done, and 0 only when nothing is. */
export function percentOf(done: number, total: number): number {
  if (total <= 0) return 0;
  if (done >= total) return 100;
  if (done <= 0) return 0;
  return Math.min(99, Math.max(1, Math.round((100 * done) / total)));
}
