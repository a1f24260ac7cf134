import type { ErrorRecord } from '../../../src/core/errors.ts';
import type { LedgerEvent, PageEntry } from '../../../src/core/ledger.ts';
import { foldLedger, type RunState } from '../../../src/core/run-state.ts';
import type { RunEntry } from '../../../src/app/contract.ts';

const AT = '2024-05-02T13:09:02.000Z';
const FAILED: PageEntry = [
  9,
  'failed',
  null,
  0,
  { family: 'PageError', code: 'PAGE_TIMEOUT', message: 'It took longer than 300 s' },
];

interface SampleDocument {
  readonly path: string;
  readonly pages: readonly PageEntry[];
  readonly end: 'done' | 'failed' | 'open';
}

export const DOCUMENTS: readonly SampleDocument[] = [
  {
    path: 'a10.pdf',
    pages: [
      [1, 'done', 95, 300],
      [2, 'blank', null, 0],
    ],
    end: 'done',
  },
  {
    path: 'a2.pdf',
    pages: [
      [1, 'done', 91, 300],
      [2, 'done', 38, 20],
      [3, 'done', 41, 20],
      [4, 'kept-text', 100, 90],
    ],
    end: 'done',
  },
  { path: 'a3.pdf', pages: [[1, 'done', 65, 30], FAILED], end: 'done' },
  { path: 'locked\u001b.pdf', pages: [], end: 'failed' },
];

/** A ledger that tells of these documents, of one link that was left out, and of how the session ended. */
export function sampleState(documents = DOCUMENTS, exitCode: number | null = 65, error?: ErrorRecord): RunState {
  const events: LedgerEvent[] = [{ at: AT, type: 'session-started', host: 'here', pid: 1, programVersion: '1.0.0' }];
  for (const { path } of documents)
    events.push({ at: AT, type: 'listed', source: { id: path, path, sizeBytes: 10, version: '1' } });
  events.push({
    at: AT,
    type: 'left-out',
    entry: { path: 'notes.txt', code: 'NOT_A_PDF_NAME', reason: 'its name does not end with .pdf' },
  });
  events.push({ at: AT, type: 'listing-complete', documents: documents.length, leftOut: 1 });
  for (const { path, pages, end } of documents) {
    events.push({ at: AT, type: 'fetched', document: path, sha1: 'a'.repeat(40), sizeBytes: 10 });
    if (end === 'failed') {
      const error = {
        family: 'DocumentError',
        code: 'PDF_ENCRYPTED',
        message: 'It is locked with a password',
      } as const;
      events.push({ at: AT, type: 'document-failed', document: path, error });
      continue;
    }
    events.push(
      { at: AT, type: 'inspected', document: path, pageCount: pages.length, repaired: false },
      { at: AT, type: 'pages', document: path, pages },
    );
    if (end === 'open') continue;
    const output = { id: path, sha1: 'b'.repeat(40), sizeBytes: 5, outcome: 'created' } as const;
    events.push({
      at: AT,
      type: 'delivered',
      document: path,
      outputs: [
        { ...output, format: 'txt', path: `${path}.txt` },
        { ...output, format: 'pdf', path: `${path}.ocr.pdf` },
      ],
    });
    events.push({ at: AT, type: 'document-done', document: path });
  }
  if (exitCode !== null) events.push({ at: AT, type: 'session-ended', exitCode, durationMs: 4_860_000, error });
  return foldLedger(events);
}

/** A run folder's entry that holds a state. */
export function sampleEntry(name: string, state: RunState, progress?: RunEntry['progress']): RunEntry {
  return {
    folder: `/runs/${name}`,
    progress,
    readState: () => Promise.resolve(state),
    record: {
      name,
      createdAt: AT,
      programVersion: '1.0.0',
      source: { kind: 'local', name: 'scans', ids: ['/data/scans'] },
      destination: { kind: 'local', name: 'text', ids: ['/data/text'] },
      settings: {
        language: 'eng',
        engine: 'tesseract',
        mode: 'skip',
        dpi: 300,
        formats: ['txt', 'pdf'],
        onConflict: 'stop',
        match: [],
        recursive: true,
        limits: { seconds: 300, megapixels: 150, memoryMiB: 900 },
      },
      recipe: {
        language: 'eng',
        engine: 'tesseract',
        mode: 'skip',
        dpi: 300,
        engineVersion: '5.3.0',
        models: {},
        rendererVersion: '1',
        preparation: 1,
        digest: 'c'.repeat(40),
      },
    },
  };
}
