import { quoteValue } from '../core/quote-value.ts';
import { onOff, path, text, type Kind, type Parsed } from '../core/config/kinds.ts';

/** A flag of some commands that is no setting: it is given on the command line or not at all. */
export interface Flag<T> {
  readonly kind: Kind<T>;
  readonly help: string;
  readonly alias?: string | undefined;
}

/** Page numbers and ranges, such as `1-5,8`: ascending, each once. */
const pageNumbers: Kind<readonly number[]> = {
  ...text('page numbers such as 1-5,8', 'PAGES'),
  parse: (texts) => parsePages(texts.join(',')),
  show: (value) => value.join(','),
};

const MAX_PAGE = 1_000_000;
const MAX_SELECTED = 100_000;

function parsePages(list: string): Parsed<readonly number[]> {
  const problem = { problem: `needs page numbers such as 1-5,8, not ${quoteValue(list)}` };
  const pages = new Set<number>();
  for (const part of list.split(',')) {
    const match = /^ *(\d{1,7})(?: *- *(\d{1,7}))? *$/.exec(part);
    if (!match) return problem;
    const first = Number(match[1]);
    const last = Number(match[2] ?? match[1]);
    if (first < 1 || last < first || last > MAX_PAGE || pages.size + last - first > MAX_SELECTED) return problem;
    for (let page = first; page <= last; page++) pages.add(page);
  }
  return { value: [...pages].sort((a, b) => a - b) };
}

const DRAFTS = {
  help: { kind: onOff, help: 'This help', alias: 'h' },
  json: { kind: onOff, help: 'Print JSON for programs' },
  'dry-run': { kind: onOff, help: 'Plan only: change nothing' },
  watch: { kind: onOff, help: 'Show again every few seconds until all runs have ended' },
  all: { kind: onOff, help: 'All runs, not only those that are on and the newest' },
  verbose: { kind: onOff, help: 'Name every document that is skipped or cannot be read', alias: 'v' },
  yes: { kind: onOff, help: 'Do it without asking', alias: 'y' },
  deep: { kind: onOff, help: 'On a cluster: submit a job of one minute, too' },
  detach: { kind: onOff, help: 'On a cluster: submit all there is and end; resume collects' },
  everything: { kind: onOff, help: 'The whole Box account, where --box-folder names it' },
  pages: { kind: pageNumbers, help: 'Only these pages, such as 1-5,8' },
  results: { kind: path('FOLDER'), help: 'Where recognize put its page results' },
  run: { kind: text('the name of a run', 'RUN'), help: 'All documents of this run instead of files' },
  check: { kind: onOff, help: 'Only say whether the login works' },
  'app-file': { kind: path('FILE'), help: "A service account's app file, from Box's developer console" },
  'hand-over': { kind: onOff, help: 'Print the login for another computer and forget it here' },
  receive: { kind: onOff, help: 'Take a login that was handed over, from standard input' },
  project: { kind: onOff, help: 'Write to ./ocr-pipeline.yaml instead of your own file' },
} as const satisfies Record<string, Flag<boolean> | Flag<string> | Flag<readonly number[]>>;

export type FlagName = keyof typeof DRAFTS;

/** The flags as given; absent where not. */
export type FlagValues = {
  readonly [K in FlagName]?: (typeof DRAFTS)[K] extends { readonly kind: Kind<infer T> } ? T : never;
};

/** Every flag that is no setting, by name. */
export const FLAGS: { readonly [K in FlagName]: Omit<Flag<unknown>, 'kind'> & { readonly kind: Kind<unknown> } } =
  // A kind is only ever asked to show what it parsed itself.
  DRAFTS as unknown as { readonly [K in FlagName]: Flag<unknown> };

export const FLAG_NAMES = Object.keys(FLAGS) as readonly FlagName[];
