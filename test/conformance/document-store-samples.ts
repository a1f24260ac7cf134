import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { ListedEntry, SourceDocument } from '../../src/core/document.ts';
import { PipelineError, StoppedError } from '../../src/core/errors.ts';
import type { ConflictPolicy } from '../../src/core/settings.ts';
import type { Artifact, WriteRequest } from '../../src/stores/document-store.ts';
import type { StoreHarness } from './document-store.ts';

/** Names that have broken scripts: each is legal on a Linux file system and 255 bytes or shorter. */
export const ODD_NAMES: readonly string[] = [
  'price $5 & $(touch pwned).pdf',
  `it's "quoted" \`so\`.pdf`,
  '-rf *.pdf',
  'dots..in..it.pdf',
  '..pdf.pdf',
  'new\nline.pdf',
  'tab\there.pdf',
  'back\\slash.pdf',
  '100%2F #1?.pdf',
  'Z\u00fcrich composed.pdf',
  'Zu\u0308rich decomposed.pdf',
  '\u6f22\u5b57 \u{1f4c4}.pdf',
  `${'n'.repeat(251)}.pdf`,
  `${'\u00e9'.repeat(125)}.pdf`,
];

export const BYTES: Uint8Array = Buffer.from('%PDF-1.4 the first bytes\n');
export const OTHER_BYTES: Uint8Array = Buffer.from('%PDF-1.4 other bytes, of another length\n');

export function sha1Of(bytes: Uint8Array): string {
  return createHash('sha1').update(bytes).digest('hex');
}

/** A signal that never aborts within a test's life. */
export function calm(): AbortSignal {
  return new AbortController().signal;
}

/** A signal that has aborted already, as the program aborts. */
export function stopped(): AbortSignal {
  return AbortSignal.abort(new StoppedError('STOPPED', 'Told to stop.'));
}

let artifactCount = 0;

/** Writes bytes to scratch and describes them truly. */
export async function makeArtifact(harness: StoreHarness, bytes: Uint8Array): Promise<Artifact> {
  const file = join(harness.scratch, `artifact-${++artifactCount}`);
  await writeFile(file, bytes);
  return { file, sizeBytes: bytes.length, sha1: sha1Of(bytes) };
}

export interface RequestOptions {
  readonly onConflict?: ConflictPolicy;
  readonly ours?: readonly string[];
}

export function requestFor(path: string, artifact: Artifact, options: RequestOptions = {}): WriteRequest {
  const ours = new Set(options.ours);
  return { path, artifact, onConflict: options.onConflict ?? 'stop', isOurs: (sha1) => ours.has(sha1) };
}

export async function listAll(harness: StoreHarness): Promise<ListedEntry[]> {
  const entries: ListedEntry[] = [];
  for await (const entry of harness.store.list(calm())) entries.push(entry);
  return entries;
}

export async function listDocuments(harness: StoreHarness): Promise<SourceDocument[]> {
  const entries = await listAll(harness);
  return entries.flatMap((entry) => (entry.kind === 'document' ? [entry.document] : []));
}

/** The one listed document under a path; fails when it is missing or listed twice. */
export async function listedAs(harness: StoreHarness, path: string): Promise<SourceDocument> {
  const found = (await listDocuments(harness)).filter((document) => document.path === path);
  expect(found, `documents listed as ${JSON.stringify(path)}`).toHaveLength(1);
  return found[0] as SourceDocument;
}

/** Waits for a rejection and checks that it is an error of the program, in words and with a code. */
export async function rejectionOf(promise: Promise<unknown>): Promise<PipelineError> {
  const outcome = await promise.then(
    (value: unknown) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if (!('error' in outcome)) expect.fail(`it succeeded with ${JSON.stringify(outcome.value)}`);
  expect(outcome.error).toBeInstanceOf(PipelineError);
  return outcome.error as PipelineError;
}

/** How a promise stands when it has had time to settle. Waits no longer than needed. */
export async function settledWithin(promise: Promise<unknown>, limitMs: number): Promise<'settled' | 'pending'> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<'pending'>((resolve) => {
    timer = setTimeout(() => resolve('pending'), limitMs);
  });
  const settled = promise.then(
    () => 'settled' as const,
    () => 'settled' as const,
  );
  try {
    return await Promise.race([settled, limit]);
  } finally {
    clearTimeout(timer);
  }
}
