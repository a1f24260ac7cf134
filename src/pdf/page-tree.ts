import { DocumentError } from '../core/errors.ts';
import { isName, isPdfArray, PdfDict, PdfRef, type PdfValue } from './pdf-value.ts';

/** Attributes a page takes from the nodes above it, as they stand there. */
export type InheritedEntries = Readonly<Partial<Record<(typeof INHERITABLE)[number], PdfValue>>>;

/** A page as the tree names it. */
export interface PageLeaf {
  /** Absent where the tree holds the dictionary itself, which PDF does not allow and viewers read. */
  readonly ref?: PdfRef | undefined;
  readonly dict?: PdfDict | undefined;
  readonly inherited: InheritedEntries;
}

/** ISO 32000-1, table 30. */
const INHERITABLE = ['Resources', 'MediaBox', 'CropBox', 'Rotate'] as const;

/** Nodes that are looked at. The longest PDFs known have some ten thousand pages. */
const MAX_NODES = 1_000_000;

/**
 * Lists the pages that can be reached, in order. What `Count` says plays no part; loops and damaged nodes are passed over.
 * @throws {DocumentError} `PDF_DAMAGED`: the tree has more nodes than any real one.
 */
export async function walkPageTree(
  root: PdfValue | undefined,
  resolve: (value: PdfValue | undefined) => Promise<PdfValue>,
): Promise<PageLeaf[]> {
  const pages: PageLeaf[] = [];
  const entered = new Set<number>();
  const open: { kids: readonly PdfValue[]; next: number; inherited: InheritedEntries }[] = [
    { kids: root === undefined ? [] : [root], next: 0, inherited: {} },
  ];
  let nodes = 0;
  for (let level = open.at(-1); level; level = open.at(-1)) {
    const kid = level.kids[level.next++];
    if (kid === undefined) {
      open.pop();
      continue;
    }
    if (++nodes > MAX_NODES) throw tooManyNodes();
    if (kid instanceof PdfRef && entered.has(kid.num)) continue;
    const node = await resolve(kid);
    if (!(node instanceof PdfDict)) continue;
    if (node.get('Kids') === undefined || isName(await resolve(node.get('Type')), 'Page')) {
      const { inherited } = level;
      pages.push(kid instanceof PdfRef ? { ref: kid, inherited } : { dict: node, inherited });
      continue;
    }
    const kids = await resolve(node.get('Kids'));
    if (!isPdfArray(kids)) continue;
    if (kid instanceof PdfRef) entered.add(kid.num);
    open.push({ kids, next: 0, inherited: inherit(level.inherited, node) });
  }
  return pages;
}

function inherit(from: InheritedEntries, node: PdfDict): InheritedEntries {
  const own = INHERITABLE.flatMap((key) => {
    const value = node.get(key);
    return value === undefined || value === null ? [] : [[key, value] as const];
  });
  return own.length === 0 ? from : { ...from, ...Object.fromEntries(own) };
}

function tooManyNodes(): DocumentError {
  return new DocumentError('PDF_DAMAGED', 'The PDF has a page tree that does not end.', {
    why: `More than ${MAX_NODES} entries were followed.`,
    safe: 'The other documents go on.',
    remedy: 'Save it again with a PDF program, and run again.',
  });
}
