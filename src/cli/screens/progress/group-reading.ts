import { formatPages } from '../../../core/format-pages.ts';
import type { PageInHand } from '../../../core/progress.ts';
import { cleanText } from '../display-text.ts';

/** Puts pages of one document together: `a.pdf p.1-2, b.pdf p.7`. Names are made harmless for a terminal. */
export function groupReading(reading: readonly PageInHand[]): string {
  return [...Map.groupBy(reading, ({ document }) => document)]
    .map(([document, inHand]) => {
      const pages = inHand.flatMap(({ pageNumber }) => pageNumber ?? []);
      return pages.length === 0 ? cleanText(document) : `${cleanText(document)} p.${formatPages(pages)}`;
    })
    .join(', ');
}
