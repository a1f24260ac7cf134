import type { SourceDocument } from './document.ts';
import type { DocumentState, RunState } from './run-state.ts';

/** What a session does with the documents of a listing. */
export interface SessionPlan {
  /** To be worked on, in listing order, each with what is known of it; all that did not end well before. */
  readonly todo: readonly { readonly document: SourceDocument; readonly known: DocumentState | undefined }[];
  /** Done by an earlier session, and unchanged since. */
  readonly done: readonly DocumentState[];
}

/**
 * Compares a listing with what the ledger knows. Failed is never done; a changed version is new work; a document that was
 * renamed or moved with its identity is delivered to its new place, its pages known.
 */
export function planSession(documents: readonly SourceDocument[], state: RunState): SessionPlan {
  const todo: { document: SourceDocument; known: DocumentState | undefined }[] = [];
  const done: DocumentState[] = [];
  for (const document of documents) {
    const before = state.documents.get(document.id);
    const known = before?.source.version === document.version ? before : undefined;
    if (known?.stage === 'done' && known.source.path === document.path) done.push({ ...known, source: document });
    else todo.push({ document, known });
  }
  return { todo, done };
}
