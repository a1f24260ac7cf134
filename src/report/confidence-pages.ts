import { isFaint } from '../core/faint-page.ts';
import type { DocumentState } from '../core/run-state.ts';
import { pageAddress } from './document-rows.ts';
import { html, Html } from './html.ts';
import { plural } from './tables.ts';

/** Documents that are drawn, those with the faintest page first: with the next limit it bounds the picture's size. */
const DRAWN_DOCUMENTS = 24;
/** Pages of one document that get a bar each; of more, each bar is the faintest of some neighbours. */
const MOST_BARS = 200;
const BAR_PX = 4;
const HEIGHT_PX = 26;

interface Bar {
  readonly first: number;
  readonly last: number;
  /** The page it leads to: the least sure of those it stands for. */
  readonly pageNumber: number;
  /** Absent where nothing was read with a confidence: blank, kept, failed. */
  readonly confidence: number | undefined;
  readonly failed: boolean;
}

/**
 * Draws each document's confidence from its first page to its last, a bar a page, those with faint or failed pages first.
 * Bars of such pages lead to the page in its PDF. Height tells what colour tells.
 */
export function drawPages(documents: Iterable<DocumentState>): Html {
  const rows = [...documents]
    .flatMap((document) => {
      const bars = barsOf(document);
      return bars.length < 2 ? [] : [{ document, bars, least: Math.min(...bars.map(weight)) }];
    })
    .sort((a, b) => a.least - b.least);
  if (rows.length === 0) return html``;
  const drawn = rows
    .slice(0, DRAWN_DOCUMENTS)
    .map(
      ({ document, bars }) =>
        html`<tr><th scope="row">${document.source.path}</th><td>${drawBars(document, bars)}</td></tr>`,
    );
  const rest =
    rows.length > DRAWN_DOCUMENTS
      ? html`<p class="note">These are the ${DRAWN_DOCUMENTS} documents with the faintest pages.</p>`
      : html``;
  return html`<h3>From page to page</h3>
<p class="note">A bar a page, from the first to the last; the taller, the surer. Faint and failed pages lead to the PDF.</p>
<table class="strips"><tbody>${drawn}</tbody></table>${rest}`;
}

function weight({ confidence, failed }: Bar): number {
  return failed ? -1 : (confidence ?? 101);
}

function barsOf({ pages, pageCount }: DocumentState): Bar[] {
  const count = pageCount ?? 0;
  if (pages.size === 0 || count === 0) return [];
  const pagesABar = Math.ceil(count / MOST_BARS);
  const bars: Bar[] = [];
  for (let first = 1; first <= count; first += pagesABar) {
    const last = Math.min(count, first + pagesABar - 1);
    let worst: Bar = { first, last, pageNumber: first, confidence: undefined, failed: false };
    for (let pageNumber = first; pageNumber <= last; pageNumber++) {
      const { state, confidence } = pages.get(pageNumber) ?? {};
      const bar = {
        first,
        last,
        pageNumber,
        failed: state === 'failed',
        confidence: state === 'done' && typeof confidence === 'number' ? confidence : undefined,
      };
      if (weight(bar) < weight(worst)) worst = bar;
    }
    bars.push(worst);
  }
  return bars;
}

function drawBars(document: DocumentState, bars: readonly Bar[]): Html {
  const width = bars.length * BAR_PX;
  const shapes = bars.map((bar, index) => {
    const faint = bar.failed || isFaint(bar.confidence);
    const height = bar.confidence === undefined ? 2 : Math.max(2, Math.round((bar.confidence / 100) * HEIGHT_PX));
    const kind = bar.failed ? 'bad' : faint ? 'faint' : 'sure';
    const place = `x="${index * BAR_PX}" y="${bar.failed ? 0 : HEIGHT_PX - height}" width="${BAR_PX - 1}" height="${bar.failed ? HEIGHT_PX : height}"`;
    if (!faint) return `<rect class="${kind}" ${place}/>`;
    const shape = html`<title>${describe(bar)}</title>`.text;
    const address = pageAddress(document, bar.pageNumber);
    const rect = `<rect class="${kind}" ${place}>${shape}</rect>`;
    return address === undefined
      ? rect
      : `${html`<a href="${address}" aria-label="${describe(bar)}">`.text}${rect}</a>`;
  });
  const bad = bars.filter(({ failed }) => failed).length;
  const low = bars.filter(({ confidence }) => isFaint(confidence)).length;
  const label = `${plural(document.pageCount ?? 0, 'page')}; ${low} faint, ${bad} failed`;
  return html`<svg viewBox="0 0 ${width} ${HEIGHT_PX}" style="width:${width}px" role="group" aria-label="${label}">${shapes.map((text) => new Html(text))}</svg>`;
}

function describe({ first, last, pageNumber, confidence, failed }: Bar): string {
  const many = last > first ? ` (of ${first}-${last})` : '';
  return `page ${pageNumber}${many}: ${failed ? 'failed' : `confidence ${Math.round(confidence ?? 0)}`}`;
}
