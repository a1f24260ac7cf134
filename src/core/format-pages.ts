/** Writes page numbers as ranges, in their order, each once: `1-3,7`. */
export function formatPages(pageNumbers: readonly number[]): string {
  const sorted = [...new Set(pageNumbers)].sort((a, b) => a - b);
  const ranges: [first: number, last: number][] = [];
  for (const page of sorted) {
    const open = ranges.at(-1);
    if (open && open[1] === page - 1) open[1] = page;
    else ranges.push([page, page]);
  }
  return ranges.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`)).join(',');
}
