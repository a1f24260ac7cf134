import type { SourceDocument } from './document.ts';
import type { DeliveredOutput } from './ledger.ts';
import { outputPath, planOutputStems } from './output-names.ts';
import type { OutputFormat } from './settings.ts';

/** A result of an earlier run as it lies in a store that keeps facts with it. */
export interface FoundResult {
  /** Below the store's folder. */
  readonly path: string;
  readonly id: string;
  readonly sha1: string;
  readonly sizeBytes: number;
  /** What the run said of it when it was written. */
  readonly properties: Readonly<Record<string, string>>;
  /** False where somebody has put other bytes there since. */
  readonly unchanged: boolean;
  readonly link?: string | undefined;
}

/** A document whose results another machine has delivered. */
export interface DoneElsewhere {
  readonly document: SourceDocument & { readonly sha1: string };
  /** 0 where its results do not say. */
  readonly pageCount: number;
  readonly outputs: readonly DeliveredOutput[];
}

/**
 * Finds the documents that another machine has done: every output is at its place, made from the same bytes by the same
 * recipe, and not changed since. Pure; in the order of the documents, whose whole listing decides about names.
 */
export function findDoneElsewhere(
  documents: readonly SourceDocument[],
  results: Iterable<FoundResult>,
  wanted: { readonly formats: readonly OutputFormat[]; readonly recipeDigest: string },
): DoneElsewhere[] {
  const byPath = new Map([...results].map((result) => [result.path.normalize('NFC'), result]));
  const stems = planOutputStems(documents.map(({ path }) => path));
  return documents.flatMap((document): DoneElsewhere[] => {
    const { path: sourcePath, sha1 } = document;
    if (sha1 === undefined) return [];
    const found = wanted.formats.flatMap((format) => {
      const result = byPath.get(outputPath(stems.get(sourcePath) ?? sourcePath, format).normalize('NFC'));
      return result && isOf(result, sha1, wanted.recipeDigest) ? [{ format, result }] : [];
    });
    const [first] = found;
    if (first === undefined || found.length < wanted.formats.length) return [];
    const outputs = found.map(
      ({ format, result: { path, id, sha1: outputSha1, sizeBytes, link } }): DeliveredOutput => {
        return { format, outcome: 'unchanged', path, id, sha1: outputSha1, sizeBytes, link };
      },
    );
    return [{ document: { ...document, sha1 }, pageCount: countPages(first.result), outputs }];
  });
}

function isOf({ unchanged, properties }: FoundResult, sha1: string, recipeDigest: string): boolean {
  const { ocrStatus, sourceSha1, recipe } = properties;
  return unchanged && ocrStatus === 'done' && sourceSha1 === sha1 && recipe === recipeDigest;
}

function countPages({ properties }: FoundResult): number {
  const pages = Number(properties['pages']);
  return Number.isSafeInteger(pages) && pages > 0 ? pages : 0;
}
