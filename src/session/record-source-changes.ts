import { compareListings } from '../core/compare-listings.ts';
import type { Session } from './session.ts';
import { list, type Listing } from '../stages/list.ts';

/**
 * Notes at the end of the work where the results lie and what has changed in the source meanwhile, where others can reach
 * it: so that nobody takes results of an older version for those of the newest. `before` is the listing that was
 * worked on, absent where there was nothing to do. Best effort: the results are safe already.
 */
export async function recordSourceChanges(
  session: Session,
  before: Listing | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { run, source, destination, log } = session.parts;
  const { record } = run;
  try {
    if (record.destination.kind === 'box' && (before || !session.state.placed)) {
      await session.journal({ type: 'placed', folder: await destination.describe(signal) });
    }
    if (record.source.kind === 'box' && before) {
      const after = await list(source, record.settings.match, signal);
      const { changes, added } = compareListings(before.documents, after.documents);
      if (changes.length + added > 0) await session.journal({ type: 'listed-again', changes, added });
    }
  } catch (error) {
    log.write({ level: 'warn', event: 'source-changes', text: error instanceof Error ? error.message : String(error) });
  }
}
