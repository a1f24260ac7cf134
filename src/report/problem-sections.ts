import { formatPages } from '../core/format-pages.ts';
import { describeChange } from '../core/compare-listings.ts';
import type { LeftOutEntry } from '../core/document.ts';
import type { RunState } from '../core/run-state.ts';
import type { Failure } from './failures.ts';
import { html, type Html } from './html.ts';
import type { FaintPage, Attention } from './attention.ts';
import { formatNumber, heading, more, MOST_ROWS, plural, scrolling } from './tables.ts';

/** Names shown for each reason to leave something out. */
const NAMES_SHOWN = 200;

/** Pages to compare with the scan: by document, and the faintest with their pictures. */
export function attentionSection(
  { pages, documents, total, languages, damaged }: Attention,
  thumbnails: ReadonlyMap<string, string>,
): Html {
  const unlike = html`${damagedTable(damaged)}${languagesTable(languages)}`;
  if (total === 0) {
    return html`<section id="look-at"><h2>Look at these</h2>${unlike}<p>No page was read faintly.</p></section>`;
  }
  const rows = documents
    .slice(0, MOST_ROWS)
    .map(
      ({ document, pageNumbers, confidence, address }) =>
        html`<tr><th scope="row">${address === undefined ? document : html`<a href="${address}">${document}</a>`}</th><td>${formatPages(pageNumbers).replaceAll(',', ', ')}</td><td class="n">${confidence.toFixed(0)}</td></tr>`,
    );
  const pictures = pages.flatMap((page) => figure(page, thumbnails.get(`${page.sha1} ${page.pageNumber}`)));
  const gallery = pictures.length === 0 ? html`` : html`<ul class="gallery">${pictures}</ul>`;
  const rest =
    total > pages.length && pictures.length > 0
      ? html`<p class="note">These are the ${pages.length} faintest of ${formatNumber(total)} pages.</p>`
      : html``;
  const columns = heading([
    ['Document', 'text'],
    ['Faint pages', 'text'],
    ['Lowest confidence', 'number'],
  ]);
  return html`<section id="look-at"><h2>Look at these</h2>${unlike}
<p>They were read, but the engine was not sure. Compare the text with the scan: perhaps another <code>--lang</code> fits, or a better scan can be had.</p>
${scrolling('Faint pages', html`<table>${columns}<tbody>${rows}</tbody></table>`)}${more(documents.length)}
${gallery}${rest}</section>`;
}

/** Documents of which something is or may be lost. */
function damagedTable(damaged: Attention['damaged']): Html {
  if (damaged.length === 0) return html``;
  const rows = damaged
    .slice(0, MOST_ROWS)
    .map(({ document, text }) => html`<tr><th scope="row">${document}</th><td>${text}</td></tr>`);
  const columns = heading([
    ['Document', 'text'],
    ['Damage', 'text'],
  ]);
  return html`<p>These files are damaged. What could be read was read; compare it with the scan, or get the file again from where it came from.</p>
${scrolling('Damaged files', html`<table>${columns}<tbody>${rows}</tbody></table>`)}${more(damaged.length)}`;
}

/** Documents that read like another language than the one they were read as. */
function languagesTable(languages: Attention['languages']): Html {
  if (languages.length === 0) return html``;
  const rows = languages
    .slice(0, MOST_ROWS)
    .map(({ document, text }) => html`<tr><th scope="row">${document}</th><td>${text}</td></tr>`);
  const columns = heading([
    ['Document', 'text'],
    ['Language', 'text'],
  ]);
  return html`<p>Frequent words say that these are in another language than the one they were read as. The same command with the right <code>--lang</code> reads them anew.</p>
${scrolling('Another language', html`<table>${columns}<tbody>${rows}</tbody></table>`)}${more(languages.length)}`;
}

function figure({ document, pageNumber, confidence }: FaintPage, picture: string | undefined): Html[] {
  if (picture === undefined) return [];
  return [
    html`<li><figure><img alt="Page ${pageNumber} of ${document}" src="data:image/webp;base64,${picture}"><figcaption><strong>${document}</strong><br>page ${pageNumber}<br>confidence ${confidence.toFixed(0)} of 100</figcaption></figure></li>`,
  ];
}

/** What could not be read, and what helps. */
export function failedSection(failures: readonly Failure[]): Html {
  if (failures.length === 0) return html``;
  const rows = failures
    .slice(0, MOST_ROWS)
    .map(
      ({ document, extent, reason, code, help }) =>
        html`<tr><th scope="row">${document}</th><td>${extent}</td><td>${reason} <code>[${code}]</code></td><td>${help}</td></tr>`,
    );
  const columns = heading((['Document', 'What failed', 'Why', 'What helps'] as const).map((name) => [name, 'text']));
  return html`<section id="failed"><h2>Failed</h2>${scrolling('Failed', html`<table>${columns}<tbody>${rows}</tbody></table>`)}${more(failures.length)}</section>`;
}

/** Sources that are no longer what was read. */
export function changedSection({ documents, meanwhile }: RunState): Html {
  const changes = [...(meanwhile?.changes ?? [])].filter(([id]) => documents.get(id)?.stage !== 'failed');
  const added = meanwhile?.added ?? 0;
  if (changes.length + added === 0) return html``;
  const rows = changes
    .slice(0, MOST_ROWS)
    .map(
      ([id, change]) =>
        html`<tr><th scope="row">${documents.get(id)?.source.path ?? id}</th><td>${describeChange(change)}</td></tr>`,
    );
  const table =
    rows.length === 0
      ? html``
      : html`${scrolling(
          'Changed',
          html`<table>${heading([
            ['Document', 'text'],
            ['What changed', 'text'],
          ])}<tbody>${rows}</tbody></table>`,
        )}${more(changes.length)}`;
  const news =
    added === 0
      ? html``
      : html`<p>${plural(added, 'document')} came into the folder meanwhile; the next run reads ${added === 1 ? 'it' : 'them'}.</p>`;
  return html`<section id="changed"><h2>Changed meanwhile</h2>${table}${news}</section>
`;
}

/** What was in the folder and not taken, by reason. */
export function leftOutSection(entries: readonly LeftOutEntry[]): Html {
  if (entries.length === 0) return html``;
  const groups = [...Map.groupBy(entries, ({ code, reason }) => `${code} ${reason}`).values()].sort(
    (a, b) => b.length - a.length,
  );
  const reasons = groups.slice(0, MOST_ROWS).map((group) => {
    const names = group.slice(0, NAMES_SHOWN).map(({ path }) => html`<li>${path}</li>`);
    const rest =
      group.length > NAMES_SHOWN ? html`<li>and ${formatNumber(group.length - NAMES_SHOWN)} more</li>` : html``;
    const { reason = '', code = '' } = group[0] ?? {};
    return html`<details><summary>${plural(group.length, 'entry')}: ${reason} <code>[${code}]</code></summary><ul class="names">${names}${rest}</ul></details>`;
  });
  return html`<section id="left-out"><h2>Left out</h2>${reasons}</section>`;
}
