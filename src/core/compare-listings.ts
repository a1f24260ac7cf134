import type { SourceDocument } from './document.ts';
import type { SourceChange } from './ledger.ts';

/** How two listings of one folder differ. */
export interface ListingDifference {
  readonly changes: readonly { readonly document: string; readonly change: SourceChange }[];
  /** Documents that were not there before. */
  readonly added: number;
}

/** Tells what became of the documents of a listing by the time of a later one. Pure; in the order of the first. */
export function compareListings(
  before: readonly SourceDocument[],
  after: readonly SourceDocument[],
): ListingDifference {
  const now = new Map(after.map((document) => [document.id, document]));
  const changes = before.flatMap(({ id, path, version }): { document: string; change: SourceChange }[] => {
    const there = now.get(id);
    if (!there) return [{ document: id, change: { kind: 'gone' } }];
    if (there.version !== version) return [{ document: id, change: { kind: 'new-version' } }];
    return there.path === path ? [] : [{ document: id, change: { kind: 'renamed', path: there.path } }];
  });
  const known = new Set(before.map(({ id }) => id));
  return { changes, added: after.filter(({ id }) => !known.has(id)).length };
}

/** Says in a person's words what a change means for the results. */
export function describeChange(change: SourceChange): string {
  switch (change.kind) {
    case 'gone':
      return 'was deleted or moved away meanwhile; the results are of what was there.';
    case 'renamed':
      return `is called ${change.path} by now; the results have the old name, and the next run stores them under the new one.`;
    case 'new-version':
      return 'has a newer version by now; the results are of the one before, and the next run reads the new one.';
  }
}
