import { formatPages } from '../../../core/format-pages.ts';

/** Puts pages of one document together: `["a.pdf p.2", "a.pdf p.1", "b.pdf p.7"]` as `a.pdf p.1-2, b.pdf p.7`. */
export function groupReading(reading: readonly string[]): string {
  const byDocument = new Map<string, number[]>();
  for (const item of reading) {
    const match = /^(.*) p\.(\d+)$/.exec(item);
    const name = match?.[1] ?? item;
    const pages = byDocument.get(name) ?? [];
    if (match) pages.push(Number(match[2]));
    byDocument.set(name, pages);
  }
  return [...byDocument]
    .map(([name, pages]) => (pages.length === 0 ? name : `${name} p.${formatPages(pages)}`))
    .join(', ');
}
