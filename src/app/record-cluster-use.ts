import { loadSiteProfile } from '../config/load-site-profile.ts';
import type { SlurmChoices } from '../core/run-request.ts';
import { readClusterUse, type Rate } from '../executors/slurm/cluster-use.ts';
import { WaveStore } from '../executors/slurm/store/wave-store.ts';
import type { RunFolder } from '../runs/run-folder.ts';
import { makeSlurmClient } from './wiring.ts';

/** The end of a run does not wait longer for a figure. */
const ASK_TIMEOUT_MS = 20_000;

/** Notes in the ledger what a run's jobs took and cost, where the cluster tells. Best effort: the results are safe already. */
export async function recordClusterUse(run: RunFolder, choices: SlurmChoices): Promise<void> {
  const client = await makeSlurmClient(process.env);
  const store = new WaveStore(run.wavesFolder, run.disk);
  try {
    const use = await readClusterUse(store, client, await rateOf(choices), AbortSignal.timeout(ASK_TIMEOUT_MS));
    if (use) await run.append([{ at: new Date().toISOString(), type: 'cluster-use', ...use }]);
  } catch {
    // Nobody answers, or the site's file is gone: the report then lacks the figure.
  }
}

/** A rate is known for the one partition that was asked for. */
async function rateOf({ slurmSite, slurmPartition }: SlurmChoices): Promise<Rate | undefined> {
  const site = slurmSite === undefined ? undefined : await loadSiteProfile(slurmSite);
  const partition = site?.partitions.find(({ name }) => name === slurmPartition);
  return site && partition && { unit: site.unit, unitsPerCoreHour: partition.unitsPerCoreHour };
}
