import { html, type Html } from './html.ts';
import { plural } from './tables.ts';

const BINS = 20;
const WIDTH = 640;
const HEIGHT = 160;
const FLOOR = 130;

/** Counts of values 0 to 100 in 20 bins of 5; 100 belongs to the last. */
export function countBins(confidences: Iterable<number>): number[] {
  const bins = Array.from({ length: BINS }, () => 0);
  for (const value of confidences) {
    const bin = Math.min(BINS - 1, Math.max(0, Math.floor(value / (100 / BINS))));
    bins[bin] = (bins[bin] ?? 0) + 1;
  }
  return bins;
}

/** Draws the bins as bars with their counts; readable without colour, with the numbers as a table for those who hear it. */
export function drawHistogram(bins: readonly number[]): Html {
  const most = Math.max(1, ...bins);
  const step = WIDTH / BINS;
  const bars = bins.map((count, bin) => {
    const height = Math.round((count / most) * (FLOOR - 24));
    const x = bin * step;
    const label =
      count === 0
        ? html``
        : html`<text x="${x + step / 2}" y="${FLOOR - height - 4}" text-anchor="middle">${count}</text>`;
    return html`<rect x="${x + 2}" y="${FLOOR - height}" width="${step - 4}" height="${height}"/>${label}`;
  });
  const marks = [0, 25, 50, 75, 100].map(
    (value) =>
      html`<text x="${(value / 100) * WIDTH}" y="${FLOOR + 18}" text-anchor="${value === 0 ? 'start' : value === 100 ? 'end' : 'middle'}">${value}</text>`,
  );
  const spoken = bins
    .flatMap((count, bin) => (count === 0 ? [] : [`${bin * 5} to ${bin * 5 + 5}: ${plural(count, 'page')}`]))
    .join('; ');
  return html`<svg class="histogram" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Pages by confidence. ${spoken}">
${bars}
<line x1="0" y1="${FLOOR}" x2="${WIDTH}" y2="${FLOOR}"/>
${marks}
</svg>`;
}
