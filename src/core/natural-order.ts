const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'variant' });

/** Orders names as people do: `page-2` before `page-10`, NFC before comparing, code points where all else is equal. */
export function compareNatural(a: string, b: string): number {
  const left = a.normalize('NFC');
  const right = b.normalize('NFC');
  const order = collator.compare(left, right);
  if (order !== 0) return order;
  if (left !== right) return left < right ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}
