import { join, relative } from 'node:path';
import { isThere } from '../files/is-there.ts';
import type { SourceDocument } from '../core/document.ts';
import { outcomeOf, type DamagedPage, type PageEntry, type PageOutcome } from '../core/ledger.ts';
import { LanguageTally, type ReadLanguage } from '../core/guess-language.ts';
import type { PageResult } from '../core/page.ts';
import { wantsEyes } from '../core/verdict.ts';
import { entryOf, openPagesFile, writePagesFile } from '../runs/page-results.ts';
import type { Session } from './session.ts';
import type { FetchedDocument } from '../stores/document-store.ts';

/** Times pages are read whose results did not arrive whole. */
const READINGS = 3;

/** Stages rasterize and recognize: every page's result, in page order in one file; pages read before are not read again. */
export async function readPages(
  session: Session,
  document: SourceDocument,
  { file, sha1, sizeBytes }: FetchedDocument,
  signal: AbortSignal,
): Promise<readonly PageOutcome[]> {
  const { run, pool, meter } = session.parts;
  const { recipe, settings } = run.record;
  const pagesFile = run.pagesFile(sha1);
  await reuseFromOtherRun(session, sha1, pagesFile);
  const kept = await openPagesFile(pagesFile);
  // A file of other bytes or settings in this place, or one whose header is damaged, tells nothing of the document.
  const before = kept?.header.sha1 === sha1 && kept.header.recipe === recipe.digest ? kept : undefined;
  if (!before) await kept?.pages.return(undefined);
  const entries: PageEntry[] = [];
  const tally = new PagesTally();
  if (before) {
    for await (const page of counted(before.pages, tally)) entries.push(entryOf(page));
    const { pageCount, repaired, repair } = before.header;
    const outcomes = entries.map(outcomeOf);
    const isWhole =
      outcomes.length === pageCount && outcomes.every(({ pageNumber }, index) => pageNumber === index + 1);
    if (isWhole && outcomes.every(({ state }) => state !== 'failed')) {
      meter.opened(document.id, pageCount, sizeBytes);
      meter.foundPages(pageCount);
      await session.journal({ type: 'inspected', document: document.id, pageCount, repaired, repair });
      await recordPages(session, document, entries, repaired, tally);
      await dropChunks(session, sha1, pagesFile);
      return outcomes;
    }
  }
  // What is sound in it need not be read again.
  if (before || !kept) await session.results.addPagesFile(sha1, pagesFile);

  const subject = { document: document.path };
  const timeoutMs = settings.limits.seconds * 1_000;
  const { pageCount, repaired, repair, firstListings } =
    before?.header ??
    (await pool.run({ call: 'inspect', request: { file }, timeoutMs, subject, urgent: true }, signal));
  await session.journal({ type: 'inspected', document: document.id, pageCount, repaired, repair });
  // A page object that is listed many times is read once.
  const toRead = (): number[] => {
    if (firstListings) session.results.repeat(sha1, firstListings);
    const missing = session.results.missing(sha1, pageCount);
    return firstListings ? missing.filter((pageNumber) => firstListings[pageNumber - 1] === pageNumber) : missing;
  };
  let missing = toRead();
  meter.opened(document.id, pageCount, sizeBytes);
  meter.foundPages(pageCount - missing.length);

  // A result that does not arrive as it was written is read again.
  for (let round = 1; round === 1 || (missing.length > 0 && round <= READINGS); round++) {
    await session.chunks.read(document.id, { sha1, file, pageNumbers: missing }, signal);
    missing = toRead();
  }

  await run.disk.makeFolder(run.documentFolder(sha1));
  const header = { sha1, recipe: recipe.digest, pageCount, repaired, repair, firstListings };
  const tallyOfAll = new PagesTally();
  const pages = counted(session.results.read(sha1, pageCount), tallyOfAll);
  const all = await writePagesFile(pagesFile, header, pages, run.disk);
  await recordPages(session, document, all, repaired, tallyOfAll);
  await dropChunks(session, sha1, pagesFile);
  return all.map(outcomeOf);
}

/** Writes what became of a document's pages into the ledger, and counts the document where a person should look at it. */
async function recordPages(
  session: Session,
  { id }: SourceDocument,
  entries: readonly PageEntry[],
  repaired: boolean,
  tally: PagesTally,
): Promise<void> {
  const { run, meter } = session.parts;
  const { language, damaged } = tally.sums(run.record.settings.language);
  await session.journal({ type: 'pages', document: id, pages: entries, language, damaged });
  const pages = new Map(entries.map(outcomeOf).map((page) => [page.pageNumber, page]));
  const damage = new Map(damaged?.map((page) => [page.pageNumber, page.damage]));
  if (wantsEyes({ pages, language, repaired, damage })) meter.needsEyes(id);
}

/** Lets a tally see pages as they go by. */
async function* counted(pages: AsyncIterable<PageResult>, tally: PagesTally): AsyncGenerator<PageResult> {
  for await (const page of pages) {
    tally.addPage(page);
    yield page;
  }
}

/** What a document's pages say together, gathered as they go by. */
class PagesTally {
  readonly #language = new LanguageTally();
  readonly #damaged: DamagedPage[] = [];

  addPage(page: PageResult): void {
    this.#language.addPage(page);
    if (page.damage) this.#damaged.push({ pageNumber: page.pageNumber, damage: page.damage });
  }

  sums(asked: string): { language: ReadLanguage | undefined; damaged: readonly DamagedPage[] | undefined } {
    const readsLike = this.#language.guess();
    return {
      language: readsLike === undefined ? undefined : { readsLike, asked },
      damaged: this.#damaged.length > 0 ? this.#damaged : undefined,
    };
  }
}

/** Removes the files of a document's chunks, whose results are in its pages file now. */
async function dropChunks(session: Session, sha1: string, pagesFile: string): Promise<void> {
  for (const used of session.results.forget(sha1)) if (used !== pagesFile) await session.parts.run.disk.remove(used);
}

/** The same bytes read by the same recipe in another run of this work folder need not be read again. */
async function reuseFromOtherRun(session: Session, sha1: string, pagesFile: string): Promise<void> {
  const { run } = session.parts;
  if (await isThere(pagesFile)) return;
  for (const folder of session.parts.otherRunFolders) {
    const file = join(folder, relative(run.path, pagesFile));
    if (!(await isThere(file))) continue;
    await run.disk.makeFolder(run.documentFolder(sha1));
    await run.disk.copyWhole(file, pagesFile);
    return;
  }
}
