import { formatPages } from './format-pages.ts';
import type { PageDamage } from './page.ts';

/** What is known of a file whose structure had to be repaired to read it. */
export interface FileRepair {
  /** The file stops before its end. */
  readonly isCut: boolean;
  /** How many pages it says it has, where that is more than could be found. */
  readonly statedPages?: number | undefined;
}

/** A document as far as its damage goes. */
export interface DamagedDocument {
  readonly pageCount?: number | undefined;
  /** Whether its structure had to be repaired. */
  readonly repaired?: boolean | undefined;
  readonly repair?: FileRepair | undefined;
  /** By page number. */
  readonly damage?: ReadonlyMap<number, readonly PageDamage[]> | undefined;
}

/** Whether a document cannot be called complete, however well its pages were read: the file was repaired, or parts were lost. */
export function isDamaged({ repaired, damage }: DamagedDocument): boolean {
  return repaired === true || (damage?.size ?? 0) > 0;
}

/**
 * Says what is damaged and what is known to be lost: `the file is cut short and was repaired; 11 of its 14 pages were
 * found; the picture ends early on pages 9, 11`. `undefined` where all is sound.
 */
export function describeDamage(document: DamagedDocument): string | undefined {
  const { pageCount, repaired, repair, damage } = document;
  if (!isDamaged(document)) return undefined;
  const parts: string[] = [];
  if (repaired)
    parts.push(repair?.isCut ? 'the file is cut short and was repaired' : 'the file was damaged and repaired');
  if (repair?.statedPages !== undefined) parts.push(`${pageCount ?? 0} of its ${repair.statedPages} pages were found`);
  const pagesByText = new Map<string, number[]>();
  for (const [pageNumber, found] of [...(damage ?? [])].sort(([a], [b]) => a - b)) {
    for (const text of new Set(found.map(describePart))) {
      pagesByText.set(text, [...(pagesByText.get(text) ?? []), pageNumber]);
    }
  }
  for (const [text, pages] of pagesByText)
    parts.push(`${text} on ${pages.length === 1 ? 'page' : 'pages'} ${formatPages(pages).replaceAll(',', ', ')}`);
  if (damage === undefined || damage.size === 0) parts.push('what was found could be decoded whole');
  return parts.join('; ');
}

const PARTS: Readonly<Record<PageDamage['part'], string>> = { image: 'the picture', content: 'the content' };
const KINDS: Readonly<Record<PageDamage['kind'], string>> = {
  cut: 'ends early',
  corrupt: 'is damaged',
  missing: 'is missing in part',
};

function describePart({ part, kind }: PageDamage): string {
  return `${PARTS[part]} ${KINDS[kind]}`;
}
