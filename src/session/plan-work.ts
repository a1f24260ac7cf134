import pLimit from 'p-limit';
import type { SourceDocument } from '../core/document.ts';
import { findDoneElsewhere, type DoneElsewhere, type FoundResult } from '../core/done-elsewhere.ts';
import { planSession, type SessionPlan } from '../core/plan-session.ts';
import type { DocumentState } from '../core/run-state.ts';
import type { Session } from './session.ts';

/** Outputs whose place is checked at once. */
const CHECKS_AT_ONCE = 16;

/** What a session has to do, and what other machines have done of it. */
export interface WorkPlan extends SessionPlan {
  /** By document ID. */
  readonly elsewhere: ReadonlyMap<string, DoneElsewhere>;
}

/** Plans what is to be done: all but what is done already, unchanged, and still where it was put. */
export async function planWork(
  session: Session,
  documents: readonly SourceDocument[],
  signal: AbortSignal,
): Promise<WorkPlan> {
  const plan = planSession(documents, session.state);
  const elsewhere = await findElsewhere(session, documents, signal);
  const gone = await findMissingOutputs(session, plan.done, signal);
  const done = plan.done.filter(({ source }) => !gone.has(source.id));
  for (const { source, pageCount } of done) countAsDone(session, source, pageCount ?? 0);
  const again = new Map(plan.done.filter(({ source }) => gone.has(source.id)).map((state) => [state.source.id, state]));
  const known = new Map(plan.todo.map((entry) => [entry.document.id, entry.known]));
  const todo = documents
    .filter(({ id }) => (known.has(id) || again.has(id)) && !elsewhere.has(id))
    .map((document) => ({ document, known: known.get(document.id) ?? again.get(document.id) }));
  return { todo, done, elsewhere };
}

/** Writes into the ledger what another machine has done, and drops what this one had begun of it. */
export async function recordDoneElsewhere(session: Session, elsewhere: Iterable<DoneElsewhere>): Promise<void> {
  const { run } = session.parts;
  for (const { document: source, pageCount, outputs } of elsewhere) {
    const { id: document, sha1, sizeBytes } = source;
    await session.journal(
      { type: 'fetched', document, sha1, sizeBytes },
      { type: 'inspected', document, pageCount, repaired: false },
      { type: 'delivered', document, outputs },
      { type: 'document-done', document, outputs: outputs.length },
    );
    await run.disk.remove(run.artifactsFolder(sha1));
  }
}

/** IDs of documents of which an output is no longer where it was put. */
async function findMissingOutputs(
  session: Session,
  done: readonly DocumentState[],
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const { destination } = session.parts;
  const limit = pLimit(CHECKS_AT_ONCE);
  const gone = new Set<string>();
  const check = async ({ source, outputs }: DocumentState): Promise<void> => {
    for (const output of outputs) if (!(await destination.stillHas(output, signal))) gone.add(source.id);
  };
  await Promise.all(done.map((state) => limit(() => check(state))));
  return gone;
}

/** Documents that another machine has done, by ID. One listing of the destination names them. */
async function findElsewhere(
  session: Session,
  documents: readonly SourceDocument[],
  signal: AbortSignal,
): Promise<Map<string, DoneElsewhere>> {
  const { findResults, run } = session.parts;
  const results: FoundResult[] = [];
  for await (const result of findResults?.(signal) ?? []) {
    results.push(result);
    if (result.unchanged) session.ownership.add([result.sha1]);
  }
  const { recipe, settings } = run.record;
  const all = findDoneElsewhere(documents, results, { formats: settings.formats, recipeDigest: recipe.digest });
  const done = all.filter(({ document }) => session.state.documents.get(document.id)?.stage !== 'done');
  for (const { document, pageCount } of done) countAsDone(session, document, pageCount);
  return new Map(done.map((each) => [each.document.id, each]));
}

function countAsDone({ parts: { meter } }: Session, { id, sizeBytes }: SourceDocument, pageCount: number): void {
  meter.opened(id, pageCount, sizeBytes);
  meter.foundPages(pageCount);
  for (const step of ['fetched', 'assembled', 'delivered'] as const) meter.documents[step]++;
}
