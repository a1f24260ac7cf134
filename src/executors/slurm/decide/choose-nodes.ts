import { ConfigError } from '../../../core/errors.ts';
import type { Partition } from '../parse/parse-partitions.ts';
import type { SchedulerConfig } from '../parse/parse-scheduler-config.ts';
import type { NodeShape } from './plan-tasks.ts';

/** What is asked for, as the person chose it. */
export interface SlurmWishes {
  /** Several are divided by commas. */
  readonly partition?: string | undefined;
  readonly nodes: number;
  readonly cores?: number | undefined;
  readonly minutes?: number | undefined;
}

/** The nodes that jobs may come to. */
export interface ChosenNodes {
  /** What all of them have at least. */
  readonly shape: NodeShape;
  /** How many there are to choose from. */
  readonly nodeCount: number;
}

/** Finds the nodes of the partitions that were named, or of the default one. @throws {ConfigError} `SLURM_PARTITION`: there is none. */
export function chooseNodes(
  config: Pick<SchedulerConfig, 'wholeNodesOnly'>,
  partitions: readonly Partition[],
  wishes: SlurmWishes,
  memoryAsked: NodeShape['memoryAsked'],
): ChosenNodes {
  const names = wishes.partition?.split(',');
  const usable = partitions.filter(({ name, isDefault }) => (names ? names.includes(name) : isDefault));
  const missing = names?.find((name) => !partitions.some((partition) => partition.name === name));
  if (missing !== undefined || usable.length === 0) throw noPartition(missing, partitions);
  const kinds = usable.flatMap(({ nodeKinds }) => nodeKinds);
  const most = usable.map(({ maxMinutes }) => maxMinutes).filter((minutes) => minutes !== undefined);
  return {
    nodeCount: kinds.reduce((sum, { nodes }) => sum + nodes, 0),
    shape: {
      coresPerNode: Math.max(1, Math.min(...kinds.map(({ cores }) => cores), ...(kinds.length === 0 ? [1] : []))),
      memoryMiB: kinds.length === 0 ? undefined : Math.min(...kinds.map(({ memoryMiB }) => memoryMiB)),
      wholeNodes: config.wholeNodesOnly || usable.every(({ wholeNodes }) => wholeNodes),
      nodes: wishes.nodes,
      coresWanted: wishes.cores,
      memoryAsked,
      maxMinutes: most.length === 0 ? undefined : Math.min(...most),
    },
  };
}

function noPartition(missing: string | undefined, partitions: readonly Partition[]): ConfigError {
  return new ConfigError(
    'SLURM_PARTITION',
    missing === undefined ? 'Slurm has no default partition here.' : `There is no partition called "${missing}".`,
    {
      why: `There are: ${partitions.flatMap(({ name, isHidden }) => (isHidden ? [] : name)).join(', ')}`,
      safe: 'Nothing was submitted or charged.',
      remedy: '--partition NAME',
    },
  );
}
