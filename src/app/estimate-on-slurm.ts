import { loadSiteProfile } from '../config/load-site-profile.ts';
import { MissingDependencyError, throwIfStopped } from '../core/errors.ts';
import type { PlanEstimate } from '../core/run-estimate.ts';
import type { SlurmChoices } from '../core/run-request.ts';
import { priceRun } from '../executors/slurm/decide/price-run.ts';
import { makeSlurmClient } from './wiring.ts';

/** A plan is not worth a longer wait. */
const ASK_TIMEOUT_MS = 30_000;

/** What a run would take on the cluster, and what a person should know of the figures. */
export interface SlurmEstimates {
  readonly estimates: readonly PlanEstimate[];
  readonly notes: readonly string[];
}

/** Prices a run on the partitions that Slurm names, or the site's profile where Slurm does not answer. */
export async function estimateOnSlurm(
  choices: SlurmChoices,
  work: { readonly pages: number; readonly secondsAPage: number | undefined; readonly workerMemoryMiB: number },
  signal: AbortSignal,
): Promise<SlurmEstimates> {
  const { slurmSite, slurmNodes, slurmCores, slurmTime, slurmPartition, slurmAccount } = choices;
  const site = slurmSite === undefined ? undefined : await loadSiteProfile(slurmSite);
  const client = await makeSlurmClient(process.env);
  const stop = AbortSignal.any([signal, AbortSignal.timeout(ASK_TIMEOUT_MS)]);
  const notes: string[] = [];
  const partitions = await client.partitions(stop).catch((error: unknown) => {
    throwIfStopped(signal);
    if (error instanceof MissingDependencyError) notes.push(error.message);
    return undefined;
  });
  const associations = partitions && (await client.associations(stop).catch(() => undefined));
  if (!partitions && notes.length === 0) notes.push('Slurm does not answer.');
  if (!partitions)
    notes.push(
      site
        ? `Partitions are those that ${site.name} published.`
        : 'Name the site for its partitions and rates: --site savio',
    );
  if (site) notes.push(`Rates: ${site.name}, ${site.asOf}, ${site.standing}. Pages were timed on this computer.`);
  else if (partitions) notes.push('No rates are known; --site NAME adds them.');
  const priced = {
    ...work,
    nodes: slurmNodes,
    cores: slurmCores === 'auto' ? undefined : slurmCores,
    minutes: slurmTime,
    partition: slurmPartition,
    account: slurmAccount,
  };
  return {
    estimates: priceRun(priced, {
      partitions,
      associations: Array.isArray(associations) ? associations : undefined,
      site,
    }),
    notes,
  };
}
