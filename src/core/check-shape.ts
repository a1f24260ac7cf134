import type { LedgerEvent } from './ledger.ts';
import type { PageResult } from './page.ts';

/**
 * Whether values that were read from a run's own files are what their writer meant: a flipped bit, or another program's line, must
 * not reach code that trusts its types. Pure; a value of more fields than known is fine, as later versions write it.
 */
type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === 'string';
const isNumber: Check = (value) => typeof value === 'number' && Number.isFinite(value);
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isPageNumber: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 1;
const isFlag: Check = (value) => typeof value === 'boolean';
const oneOf =
  (...names: readonly string[]): Check =>
  (value) =>
    typeof value === 'string' && names.includes(value);
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const listOf =
  (check: Check, length?: number): Check =>
  (value) =>
    Array.isArray(value) && (length === undefined || value.length === length) && value.every(check);
const record =
  (fields: Readonly<Record<string, Check>>): Check =>
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    Object.entries(fields).every(([name, check]) => check((value as Readonly<Record<string, unknown>>)[name]));

const isBox = listOf(isNumber, 4);
const isError = record({ family: isText, code: isText, message: isText });
const isPageState = oneOf('done', 'blank', 'kept-text', 'failed');
const isWord = record({ text: isText, box: isBox, confidence: isNumber });
const isLine = record({ box: isBox, baseline: optional(listOf(isNumber, 2)), words: listOf(isWord) });
const isParagraph = record({ box: isBox, direction: oneOf('ltr', 'rtl'), lines: listOf(isLine) });
const isMatrix = listOf(isNumber, 6);
const isDamage = listOf(
  record({ part: oneOf('image', 'content'), kind: oneOf('cut', 'corrupt', 'missing'), filter: optional(isText) }),
);
const isRepair = record({ isCut: isFlag, statedPages: optional(isCount) });
const isPage = record({
  pageNumber: isPageNumber,
  state: isPageState,
  error: optional(isError),
  image: optional(record({ widthPx: isNumber, heightPx: isNumber, dpi: isNumber, toPoints: isMatrix })),
  frame: optional(record({ widthPx: isNumber, heightPx: isNumber, toImage: isMatrix })),
  blocks: listOf(record({ box: isBox, paragraphs: listOf(isParagraph) })),
  damage: optional(isDamage),
  confidence: optional(isNumber),
  replacesText: optional(isFlag),
  thumbnail: optional(isText),
});

/** A page's result, all of it. */
export function isPageResult(value: unknown): value is PageResult {
  return isPage(value) && ((value as PageResult).state !== 'failed' || (value as PageResult).error !== undefined);
}

/** A header of a document's page results. */
export const isPagesHeader: Check = record({
  sha1: isText,
  recipe: isText,
  pageCount: isCount,
  repaired: isFlag,
  repair: optional(isRepair),
  firstListings: optional(listOf(isPageNumber)),
});

const isPageEntry: Check = (value) =>
  Array.isArray(value) &&
  isPageNumber(value[0]) &&
  isPageState(value[1]) &&
  (value[2] === null || isNumber(value[2])) &&
  isCount(value[3]) &&
  optional(isError)(value[4]);
const isSource = record({ id: isText, path: isText, sizeBytes: isNumber, version: isText, sha1: optional(isText) });
const isOutput = record({
  format: isText,
  path: isText,
  id: isText,
  sha1: isText,
  sizeBytes: isNumber,
  outcome: isText,
});
const isCoreTime = record({ coreSeconds: isNumber });

const EVENTS: Readonly<Record<LedgerEvent['type'], Check>> = {
  'session-started': record({ host: isText, pid: isNumber, programVersion: isText, format: optional(isCount) }),
  listed: record({ source: isSource }),
  'left-out': record({ entry: record({ path: isText, code: isText, reason: isText }) }),
  'listing-complete': record({ documents: isCount, leftOut: isCount }),
  fetched: record({ document: isText, sha1: isText, sizeBytes: isNumber }),
  inspected: record({ document: isText, pageCount: isCount, repaired: isFlag, repair: optional(isRepair) }),
  submitted: record({ handles: listOf(record({ chunkId: isText })) }),
  pages: record({
    document: isText,
    pages: listOf(isPageEntry),
    damaged: optional(listOf(record({ pageNumber: isPageNumber, damage: isDamage }))),
  }),
  delivered: record({ document: isText, outputs: listOf(isOutput) }),
  'document-done': record({ document: isText, outputs: optional(isCount), pages: optional(isCount) }),
  'document-failed': record({ document: isText, error: isError }),
  'cluster-use': record({ jobs: isCount, nodes: isCount, used: isCoreTime, asked: isCoreTime }),
  placed: record({ folder: record({ name: isText, id: isText }) }),
  'listed-again': record({
    changes: listOf(record({ document: isText, change: record({ kind: isText }) })),
    added: isCount,
  }),
  'session-ended': record({ exitCode: isNumber, error: optional(isError), durationMs: isNumber }),
};

/** An event of the ledger, or one of a type that a later version may have. */
export function isLedgerEvent(value: unknown): value is LedgerEvent {
  if (!record({ at: isText, type: isText })(value)) return false;
  const { type } = value as LedgerEvent;
  return !Object.hasOwn(EVENTS, type) || EVENTS[type](value);
}

/** The last line of a chunk's results. */
export const isChunkTrailer: Check = record({
  chunk: isText,
  pages: isCount,
  pagesRead: isCount,
  busyMs: isNumber,
  workers: optional(isCount),
});

const isRecipe = record({
  digest: isText,
  language: isText,
  engine: isText,
  engineVersion: isText,
  models: record({}),
});
const isLimits = record({ seconds: isNumber, megapixels: isNumber, memoryMiB: isNumber });

/** What the tasks of a submission to a cluster have in common. */
export const isWaveHeader: Check = record({
  wave: isCount,
  recipe: isRecipe,
  limits: isLimits,
  minutes: isNumber,
  tesseract: optional(isText),
  environment: record({}),
});

const isHistory = record({ freeTries: isCount, failedAlone: isCount, cancelled: isCount, keptBytes: isCount });
const isRange = record({ sha1: isText, file: isText, pageNumbers: listOf(isPageNumber) });

/** What one task of a submission is to read. */
export const isTaskOrder: Check = record({
  index: isCount,
  maxWorkers: optional(isCount),
  chunks: listOf(record({ id: isText, ranges: listOf(isRange), history: isHistory })),
});

const WAVE_LINES: Readonly<Record<string, Check>> = {
  intent: record({
    wave: isCount,
    at: isText,
    tasks: isCount,
    pages: isCount,
    cores: optional(isNumber),
    minutes: optional(isNumber),
  }),
  submitted: record({ wave: isCount, at: isText, jobId: isText }),
  ended: record({ wave: isCount, at: isText, why: isText }),
  done: record({ chunks: listOf(isText), pagesRead: isNumber, busyMs: isNumber }),
};

/** What became of submissions, a line each. */
export const isWaveLine: Check = (value) =>
  record({ type: oneOf(...Object.keys(WAVE_LINES)) })(value) &&
  WAVE_LINES[(value as { readonly type: string }).type]?.(value) === true;

/** Where a run is read, as it was asked for. */
export const isExecutorRequest: Check = (value) =>
  record({ kind: oneOf('local') })(value) || record({ kind: oneOf('slurm'), choices: record({}) })(value);

/** What is in a container image, as it said once. */
export const isImageAnswer: Check = record({
  programVersion: isText,
  engine: record({ engine: isText, name: isText, version: isText, models: record({}) }),
});

const isPlace = record({ kind: oneOf('local', 'box'), name: isText, ids: listOf(isText) });

/** What a run was started with. */
export const isRunRecord: Check = record({
  name: isText,
  createdAt: isText,
  programVersion: isText,
  source: isPlace,
  destination: isPlace,
  settings: record({
    language: isText,
    engine: isText,
    mode: isText,
    dpi: isNumber,
    formats: listOf(isText),
    onConflict: isText,
    match: listOf(isText),
    recursive: isFlag,
    limits: isLimits,
  }),
  recipe: isRecipe,
});

const isCounts = (...names: readonly string[]): Check =>
  record(Object.fromEntries(names.map((name) => [name, isNumber])));

/** The sign of life of a run. */
export const isRunProgress: Check = record({
  run: isText,
  at: isText,
  startedAt: isText,
  host: isText,
  pid: isNumber,
  phase: isText,
  where: isText,
  workers: isNumber,
  documents: isCounts('total', 'fetched', 'assembled', 'delivered', 'failed', 'leftOut'),
  pages: isCounts('total', 'estimatedTotal', 'done', 'failed', 'faint'),
  bytes: isCounts('total', 'fetched', 'delivered'),
});
