import type { ClusterUse, CoreTime } from '../../core/ledger.ts';
import type { SlurmClient } from './slurm-client.ts';
import type { AccountingRow } from './parse/parse-accounting.ts';
import type { WaveStore } from './store/wave-store.ts';

/** What a core costs an hour. */
export interface Rate {
  readonly unit: string;
  readonly unitsPerCoreHour: number;
}

/**
 * Asks accounting, once, what a run's jobs have used so far. Undefined where there were none, where the cluster keeps no
 * accounts, and where nobody answers.
 */
export async function readClusterUse(
  store: Pick<WaveStore, 'load'>,
  client: Pick<SlurmClient, 'accounting'>,
  rate: Rate | undefined,
  signal: AbortSignal,
): Promise<ClusterUse | undefined> {
  const { waves } = await store.load();
  const submitted = waves.filter(({ jobId }) => jobId !== undefined);
  if (submitted.length === 0) return undefined;
  const rows = await client.accounting({ jobIds: submitted.flatMap(({ jobId }) => jobId ?? []) }, signal);
  if (!Array.isArray(rows) || rows.length === 0) return undefined;
  const asked = submitted.reduce((sum, { askedCoreSeconds }) => sum + askedCoreSeconds, 0);
  return sumUse(rows, asked, rate);
}

/** Sums what jobs took. Pure. */
export function sumUse(rows: readonly AccountingRow[], askedCoreSeconds: number, rate: Rate | undefined): ClusterUse {
  const nodes = new Set(rows.flatMap((row) => (row.nodes === '' ? [] : [row.nodes])));
  const used = rows.reduce((sum, { seconds, cores }) => sum + seconds * cores, 0);
  const price = (coreSeconds: number): CoreTime => ({
    coreSeconds,
    cost: rate && { unit: rate.unit, amount: (coreSeconds / 3_600) * rate.unitsPerCoreHour },
  });
  return {
    jobs: new Set(rows.map(({ jobId }) => jobId)).size,
    nodes: nodes.size,
    used: price(used),
    asked: price(askedCoreSeconds),
  };
}
