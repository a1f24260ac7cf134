import { join, resolve, sep } from 'node:path';
import type { RunRecord } from '../../runs/run-store.ts';
import type { DocumentStore } from '../../stores/document-store.ts';
import { LocalFolder } from '../../stores/local-folder.ts';

/** The stores of a run between folders of this machine. Results and run folders are not taken for scans, nor scans written over. */
export function makeLocalStores(record: Pick<RunRecord, 'source' | 'destination' | 'settings'>, workDir: string): { source: DocumentStore; destination: DocumentStore } {
  const roots = record.source.ids.map((id) => resolve(id));
  const folder = resolve(record.destination.ids[0] ?? '.');
  return {
    source: new LocalFolder({ roots, recursive: record.settings.recursive, exclude: [folder, resolve(workDir)], isProtected: () => true }),
    destination: new LocalFolder({
      roots: [folder],
      recursive: true,
      exclude: [],
      // A destination inside a folder of scans is passed over when listing: nothing in it is a scan.
      isProtected: (path) => roots.some((root) => isInside(join(path), root) && !isInside(folder, root)),
    }),
  };
}

function isInside(path: string, root: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);
}
