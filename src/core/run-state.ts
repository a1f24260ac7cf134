import type { LeftOutEntry, SourceDocument } from './document.ts';
import type { FileRepair } from './describe-damage.ts';
import type { ErrorRecord } from './errors.ts';
import { isFaint } from './faint-page.ts';
import type { ReadLanguage } from './guess-language.ts';
import type { PageDamage } from './page.ts';
import {
  outcomeOf,
  type ClusterUse,
  type DeliveredOutput,
  type LedgerEvent,
  type PageOutcome,
  type SourceChange,
} from './ledger.ts';

/** Where a document stands. `done` holds until its version changes; `failed` ends it for this session, and the next tries again. */
export type DocumentStage = 'listed' | 'fetched' | 'reading' | 'done' | 'failed';

/** All the ledger says of one document. */
export interface DocumentState {
  readonly source: SourceDocument;
  readonly stage: DocumentStage;
  readonly sha1?: string | undefined;
  readonly pageCount?: number | undefined;
  readonly repaired?: boolean | undefined;
  /** What is known of the damage, where it was repaired. */
  readonly repair?: FileRepair | undefined;
  /** Pages of which parts could not be decoded, by page number. */
  readonly damage?: ReadonlyMap<number, readonly PageDamage[]> | undefined;
  /** By page number. */
  readonly pages: ReadonlyMap<number, PageOutcome>;
  readonly outputs: readonly DeliveredOutput[];
  /** What it reads like, where its words tell. */
  readonly language?: ReadLanguage | undefined;
  readonly error?: ErrorRecord | undefined;
}

export interface SessionRecord {
  readonly startedAt: string;
  readonly endedAt?: string | undefined;
  readonly host: string;
  readonly pid: number;
  readonly programVersion: string;
  readonly exitCode?: number | undefined;
  readonly error?: ErrorRecord | undefined;
}

/** A run as its ledger tells it. */
export interface RunState {
  /** Documents of the last listing, by id, in ledger order. */
  readonly documents: ReadonlyMap<string, DocumentState>;
  readonly leftOut: readonly LeftOutEntry[];
  /** False until a listing ended. */
  readonly listed: boolean;
  readonly sessions: readonly SessionRecord[];
  /** The folder that results went to, where it has an address. */
  readonly placed?: Extract<LedgerEvent, { type: 'placed' }>['folder'] | undefined;
  /** Of a run on a cluster. */
  readonly clusterUse?: ClusterUse | undefined;
  /** How the source differed at the end of the last session that worked on it from when it was listed, by document. */
  readonly meanwhile?: { readonly changes: ReadonlyMap<string, SourceChange>; readonly added: number } | undefined;
}

/** Folds the events of a ledger, oldest first. Pure: the same events give the same state. */
export function foldLedger(events: Iterable<LedgerEvent>): RunState {
  type Open = { -readonly [K in keyof DocumentState]: DocumentState[K] } & { pages: Map<number, PageOutcome> };
  let documents = new Map<string, Open>();
  let leftOut: LeftOutEntry[] = [];
  let listed = false;
  const sessions: { -readonly [K in keyof SessionRecord]: SessionRecord[K] }[] = [];
  /** Documents and left-out entries of the listing in progress; they replace the old ones when it is complete. */
  let nextDocuments = new Map<string, Open>();
  let nextLeftOut: LeftOutEntry[] = [];
  let placed: RunState['placed'];
  let meanwhile: RunState['meanwhile'];
  let clusterUse: ClusterUse | undefined;

  for (const event of events) {
    switch (event.type) {
      case 'session-started':
        sessions.push({
          startedAt: event.at,
          host: event.host,
          pid: event.pid,
          programVersion: event.programVersion,
        });
        nextDocuments = new Map();
        nextLeftOut = [];
        break;
      case 'session-ended': {
        const session = sessions.at(-1);
        if (session) Object.assign(session, { endedAt: event.at, exitCode: event.exitCode, error: event.error });
        break;
      }
      case 'listed': {
        const known = documents.get(event.source.id);
        const unchanged = known !== undefined && known.source.version === event.source.version;
        nextDocuments.set(
          event.source.id,
          unchanged
            ? {
                ...known,
                source: event.source,
                stage: known.source.path === event.source.path ? known.stage : 'listed',
              }
            : { source: event.source, stage: 'listed', pages: new Map(), outputs: known?.outputs ?? [] },
        );
        break;
      }
      case 'left-out':
        nextLeftOut.push(event.entry);
        break;
      case 'listing-complete':
        documents = nextDocuments;
        leftOut = nextLeftOut;
        listed = true;
        // What had changed by then is part of this listing.
        meanwhile = undefined;
        break;
      case 'cluster-use':
        clusterUse = event;
        break;
      case 'placed':
        placed = event.folder;
        break;
      case 'listed-again':
        meanwhile = {
          changes: new Map(event.changes.map(({ document, change }) => [document, change])),
          added: event.added,
        };
        break;
      case 'fetched':
      case 'inspected':
      case 'pages':
      case 'delivered':
      case 'document-done':
      case 'document-failed': {
        const document = documents.get(event.document);
        if (document) applyToDocument(document, event);
        break;
      }
      case 'submitted':
        break;
    }
  }
  return { documents, leftOut, listed, sessions, placed, clusterUse, meanwhile };
}

function applyToDocument(
  document: { -readonly [K in keyof DocumentState]: DocumentState[K] } & { pages: Map<number, PageOutcome> },
  event: Extract<LedgerEvent, { document: string }>,
): void {
  switch (event.type) {
    case 'fetched':
      if (document.sha1 !== event.sha1) document.pages = new Map();
      document.stage = 'fetched';
      document.sha1 = event.sha1;
      document.error = undefined;
      break;
    case 'inspected':
      document.stage = 'reading';
      document.pageCount = event.pageCount;
      document.repaired = event.repaired;
      document.repair = event.repair;
      break;
    case 'pages':
      for (const page of event.pages.map(outcomeOf)) document.pages.set(page.pageNumber, page);
      document.language = event.language;
      document.damage = new Map(event.damaged?.map(({ pageNumber, damage }) => [pageNumber, damage]));
      break;
    case 'delivered':
      document.outputs = event.outputs;
      break;
    case 'document-done':
      // Otherwise events of it were damaged: what they told is found out again, with the pages that are kept.
      if (isWhole(document, event)) document.stage = 'done';
      document.error = undefined;
      break;
    case 'document-failed':
      document.stage = 'failed';
      document.error = event.error;
      break;
  }
}

/** Whether all is known that comes before a document's end; ledgers of older versions do not say what that is. */
function isWhole(
  document: Omit<DocumentState, 'stage'>,
  told: Extract<LedgerEvent, { type: 'document-done' }>,
): boolean {
  if (told.outputs === undefined) return true;
  const isOpened = document.sha1 !== undefined && document.pageCount !== undefined;
  const hasPages = told.pages === undefined || document.pages.size === told.pages;
  return isOpened && hasPages && document.outputs.length === told.outputs;
}

/** The counts of a run. Always: listed = done + failed + waiting, and pages = done + blank + kept + failed + elsewhere + waiting. */
export interface RunCounts {
  readonly documents: {
    readonly listed: number;
    readonly done: number;
    readonly failed: number;
    readonly waiting: number;
    readonly leftOut: number;
  };
  readonly pages: {
    /** Pages of the documents opened so far. */
    readonly known: number;
    readonly done: number;
    readonly blank: number;
    readonly keptText: number;
    readonly failed: number;
    /** Of documents that another machine has done. */
    readonly elsewhere: number;
    readonly waiting: number;
    /** Among the done: {@link isFaint}. */
    readonly faint: number;
  };
}

export function countRun(state: RunState): RunCounts {
  const documents = { listed: 0, done: 0, failed: 0, waiting: 0, leftOut: state.leftOut.length };
  const pages = { known: 0, done: 0, blank: 0, keptText: 0, failed: 0, elsewhere: 0, waiting: 0, faint: 0 };
  for (const document of state.documents.values()) {
    documents.listed++;
    if (document.stage === 'done') documents.done++;
    else if (document.stage === 'failed') documents.failed++;
    else documents.waiting++;
    pages.known += document.pageCount ?? 0;
    if (document.stage === 'done') pages.elsewhere += Math.max(0, (document.pageCount ?? 0) - document.pages.size);
    for (const { state: end, confidence } of document.pages.values()) {
      if (end === 'done') {
        pages.done++;
        if (isFaint(confidence)) pages.faint++;
      } else if (end === 'blank') pages.blank++;
      else if (end === 'kept-text') pages.keptText++;
      else pages.failed++;
    }
  }
  pages.waiting = Math.max(0, pages.known - pages.done - pages.blank - pages.keptText - pages.failed - pages.elsewhere);
  return { documents, pages };
}
