import pLimit from 'p-limit';
import type { SourceDocument } from '../core/document.ts';
import { DocumentError, PageError } from '../core/errors.ts';
import { describeLanguage, LanguageTally } from '../core/guess-language.ts';
import { wordsOf, type PageResult } from '../core/page.ts';
import type { PlannedFailure, PlanProgress, RunPlan } from '../core/run-estimate.ts';
import type { FetchedDocument } from '../stores/document-store.ts';
import type { WorkerPool } from '../work/worker-pool.ts';

/** Pages a document that are looked at for text of their own. */
const PAGES_SAMPLED = 3;
/** Pages that are read to know how long one takes. */
export const PAGES_TIMED = 6;
/** Of those, whose words are shown, and how many words. */
const SAMPLES_SHOWN = 2;
const WORDS_SHOWN = 16;

/** A document that was opened for a plan. */
export interface SampledDocument {
  readonly document: SourceDocument;
  /** Where its bytes are. */
  readonly file: string;
  readonly pageCount: number;
  /** Pages that were looked at, and those of them that have text of their own. */
  readonly samplePages: number;
  readonly withText: number;
}

/** Opens documents and looks at some pages of each; `fetch` brings one's bytes here. Those that cannot be opened are failures. */
export async function sampleDocuments(
  documents: readonly SourceDocument[],
  fetch: (document: SourceDocument) => Promise<FetchedDocument>,
  pool: WorkerPool,
  limitSeconds: number,
  signal: AbortSignal,
  tell: (progress: PlanProgress) => void,
): Promise<{ sampled: SampledDocument[]; failures: PlannedFailure[] }> {
  const sampled: SampledDocument[] = [];
  const failures: PlannedFailure[] = [];
  await Promise.all(
    documents.map(async (document) => {
      const options = { timeoutMs: limitSeconds * 1_000, subject: { document: document.path } };
      try {
        const { file } = await fetch(document);
        const { pageCount } = await pool.run({ call: 'inspect', request: { file }, ...options }, signal);
        const numbers = [
          ...new Set(
            chooseEvenly(
              Array.from({ length: pageCount }, (_, index) => index + 1),
              PAGES_SAMPLED,
            ),
          ),
        ];
        const sample = { call: 'sample' as const, request: { file, pageNumbers: numbers }, ...options };
        const { sampled: samplePages, withText } = await pool.run(sample, signal).catch((error: unknown) => {
          if (error instanceof PageError) return { sampled: 0, withText: 0 };
          throw error;
        });
        sampled.push({ document, file, pageCount, samplePages, withText });
      } catch (error) {
        if (!(error instanceof DocumentError)) throw error;
        failures.push({ path: document.path, code: error.code, reason: error.message });
      }
      tell({ step: 'opening', done: sampled.length + failures.length, total: documents.length });
    }),
  );
  return { sampled, failures };
}

/** Share of a document's pages that have text of their own, 0 to 1, by its sample. */
export function shareWithText({ samplePages, withText }: SampledDocument): number {
  return samplePages === 0 ? 0 : withText / samplePages;
}

/** What reading some pages told. */
export interface SampleReading {
  /** Mean seconds of one core for a page; undefined where none could be read. */
  readonly secondsAPage: number | undefined;
  readonly samples: NonNullable<RunPlan['samples']>;
  readonly language: string | undefined;
}

/** Reads a few pages out of the middle of documents: how long one takes, and what came of it. */
export async function readSamplePages(
  documents: readonly SampledDocument[],
  asked: string,
  pool: WorkerPool,
  signal: AbortSignal,
  tell: (progress: PlanProgress) => void,
): Promise<SampleReading> {
  const chosen = chooseEvenly(documents, PAGES_TIMED);
  // As many at once as there are workers: with waiting in it a time would say nothing.
  const atOnce = pLimit(pool.size);
  const tally = new LanguageTally();
  let done = 0;
  tell({ step: 'reading', done, total: chosen.length });
  const read = await Promise.all(
    chosen.map(({ document, file, pageCount }) =>
      atOnce(async () => {
        const pageNumber = Math.ceil(pageCount / 2);
        const from = performance.now();
        try {
          const page = await pool.run(
            { call: 'read', request: { file, pageNumber }, timeoutMs: 600_000, subject: { document: document.path } },
            signal,
          );
          if (page.state !== 'done') return undefined;
          const elapsedMs = performance.now() - from;
          tally.addPage(page);
          return { elapsedMs, path: document.path, pageNumber, text: firstWords(page) };
        } catch (error) {
          if (error instanceof PageError || error instanceof DocumentError) return undefined;
          throw error;
        } finally {
          tell({ step: 'reading', done: ++done, total: chosen.length });
        }
      }),
    ),
  );
  const good = read.filter((each) => each !== undefined);
  const readsLike = tally.guess();
  return {
    secondsAPage:
      good.length === 0 ? undefined : good.reduce((sum, { elapsedMs }) => sum + elapsedMs, 0) / good.length / 1_000,
    samples: good
      .filter(({ text }) => text !== '')
      .slice(0, SAMPLES_SHOWN)
      .map(({ path, pageNumber, text }) => ({ path, pageNumber, text })),
    language: readsLike === undefined ? undefined : describeLanguage({ readsLike, asked }),
  };
}

/** Some words from a page, as they were read. */
function firstWords(page: PageResult): string {
  const words: string[] = [];
  for (const { text } of wordsOf(page)) {
    words.push(text);
    if (words.length === WORDS_SHOWN) break;
  }
  return words.join(' ');
}

/** So many of all, evenly chosen, in their order. */
export function chooseEvenly<T>(all: readonly T[], count: number): T[] {
  if (all.length <= count) return [...all];
  return Array.from({ length: count }, (_, index) => all[Math.floor((index * all.length) / count)] as T);
}
