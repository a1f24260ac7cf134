/** Identifies submitted work. Plain JSON: kept in the ledger, and good after a restart of the coordinator. */
export interface WorkHandleRecord {
  readonly chunkId: string;
  readonly executor: string;
  /** The executor's own key: a Slurm job and task, or the coordinator's process for local work. */
  readonly key: string;
}
