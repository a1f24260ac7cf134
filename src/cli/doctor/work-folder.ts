import { access } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Settings } from '../../core/config/settings-table.ts';

/** A folder itself, or the deepest one above that is there: looking must not make folders. */
export async function nearestExisting(folder: string): Promise<string> {
  let candidate = folder;
  while (!(await isThere(candidate)) && dirname(candidate) !== candidate) candidate = dirname(candidate);
  return candidate;
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** The command that keeps run folders elsewhere: on this cluster's scratch, where its profile names one; else at a place to fill in. */
export async function moveWorkFolder({ slurmSite }: Settings, elsewhere: string): Promise<string> {
  const scratch = slurmSite === undefined ? undefined : await scratchOf(slurmSite);
  return `ocr-pipeline config set work-dir '${scratch === undefined ? elsewhere : `${scratch}/ocr-runs`}'`;
}

async function scratchOf(site: string): Promise<string | undefined> {
  const { loadSiteProfile } = await import('../../config/load-site-profile.ts');
  // A profile that cannot be read is another check's finding.
  return (await loadSiteProfile(site).catch(() => undefined))?.scratch;
}
