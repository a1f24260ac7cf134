import type { Chunk, PageRange, Recipe } from './chunk.ts';
import type { SourceDocument } from './document.ts';
import type { DocumentState, RunState } from './run-state.ts';
import type { PageLimits } from './settings.ts';

/** Pages read under one work order: some minutes of one core, so that a lost one costs little. */
export const PAGES_PER_CHUNK = 50;

/** Cuts pages of one document into work orders, in page order. */
export function planChunks(
  document: { readonly sha1: string; readonly file: string },
  pageNumbers: readonly number[],
  recipe: Recipe,
  limits: PageLimits,
): Chunk[] {
  const chunks: Chunk[] = [];
  for (let start = 0; start < pageNumbers.length; start += PAGES_PER_CHUNK) {
    const numbers = pageNumbers.slice(start, start + PAGES_PER_CHUNK);
    const range: PageRange = { sha1: document.sha1, file: document.file, pageNumbers: numbers };
    const id = `${document.sha1.slice(0, 16)}-${numbers[0]}-${numbers.at(-1)}`;
    chunks.push({ id, ranges: [range], recipe, limits });
  }
  return chunks;
}

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
