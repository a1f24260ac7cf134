/** Share of characters that must be changed to turn the text read into the truth, white space folded; can exceed 1. */
export function characterErrorRate(truth: string, read: string): number {
  const a = Array.from(fold(truth));
  const b = Array.from(fold(read));
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, x] of a.entries()) {
    const next = [i + 1];
    for (const [j, y] of b.entries())
      next.push(Math.min((row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1, (row[j] ?? 0) + (x === y ? 0 : 1)));
    row = next;
  }
  return (row.at(-1) ?? 0) / Math.max(1, a.length);
}

function fold(text: string): string {
  return text.normalize('NFC').replaceAll(/\s+/g, ' ').trim();
}
