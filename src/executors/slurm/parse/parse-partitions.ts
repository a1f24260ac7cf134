import { parseSlurmDuration } from './duration.ts';

/** Nodes of a partition that are alike. */
export interface NodeKind {
  readonly nodes: number;
  /** Nodes that nobody uses at the moment. */
  readonly idleNodes: number;
  readonly cores: number;
  readonly memoryMiB: number;
  /** What `--constraint` may ask for. */
  readonly features: readonly string[];
}

/** A partition as the scheduler describes it. */
export interface Partition {
  readonly name: string;
  readonly isDefault: boolean;
  readonly isUp: boolean;
  /** Listed only to those who ask for all; whether it may be used, sbatch decides. */
  readonly isHidden?: true | undefined;
  /** A job takes, and pays for, all of a node. */
  readonly wholeNodes: boolean;
  /** Absent where there is no limit. */
  readonly maxMinutes?: number | undefined;
  /** Nodes a job may take; absent where there is no limit. */
  readonly maxNodes?: number | undefined;
  /** Jobs of other partitions may end or requeue those of this one. Says nothing where the QoS decides: all have it then. */
  readonly isPreemptable: boolean;
  /** Empty means everybody. */
  readonly allowedAccounts: readonly string[];
  /** The most numerous first. */
  readonly nodeKinds: readonly NodeKind[];
}

/** What `sinfo -a -h -e` is asked for. */
export const NODE_FORMAT = '%R|%F|%c|%m|%f';

/** Reads `scontrol -a -o show partition` and, for its nodes, the answer of `sinfo` to NODE_FORMAT. Pure. */
export function parsePartitions(partitionText: string, nodeText: string): Partition[] {
  const kinds = parseNodeKinds(nodeText);
  return partitionText.split('\n').flatMap((line) => {
    const values = new Map([...line.matchAll(/(\w+)=(\S*)/g)].map(([, key = '', value = '']) => [key, value]));
    const name = values.get('PartitionName');
    if (name === undefined) return [];
    const seconds = parseSlurmDuration(values.get('MaxTime') ?? '');
    const maxNodes = Number(values.get('MaxNodes'));
    const preempt = values.get('PreemptMode') ?? 'OFF';
    const accounts = values.get('AllowAccounts') ?? 'ALL';
    return [
      {
        name,
        isDefault: values.get('Default') === 'YES',
        isUp: values.get('State') === 'UP',
        isHidden: values.get('Hidden') === 'YES' || undefined,
        // Older versions say the first, 26.05 the second.
        wholeNodes: values.get('OverSubscribe') === 'EXCLUSIVE' || values.get('Exclusive') === 'NODE',
        maxMinutes: seconds === undefined ? undefined : Math.floor(seconds / 60),
        maxNodes: Number.isInteger(maxNodes) && maxNodes > 0 ? maxNodes : undefined,
        isPreemptable: /REQUEUE|CANCEL|SUSPEND/.test(preempt),
        allowedAccounts: accounts === 'ALL' ? [] : accounts.split(','),
        nodeKinds: kinds.get(name) ?? [],
      },
    ];
  });
}

function parseNodeKinds(text: string): Map<string, NodeKind[]> {
  const byPartition = new Map<string, NodeKind[]>();
  for (const line of text.split('\n')) {
    const [name = '', counts = '', cores, memory, features = ''] = line.split('|');
    // Allocated, idle, other and all nodes: `3/1/0/4`.
    const [, idleNodes, , nodes] = counts.split('/').map(Number);
    if (name === '' || nodes === undefined || idleNodes === undefined || cores === undefined) continue;
    const kind: NodeKind = {
      nodes,
      idleNodes,
      cores: Number.parseInt(cores, 10) || 1,
      memoryMiB: Number.parseInt(memory ?? '', 10) || 0,
      features: features === '(null)' || features === '' ? [] : features.split(','),
    };
    byPartition.set(
      name,
      [...(byPartition.get(name) ?? []), kind].sort((a, b) => b.nodes - a.nodes),
    );
  }
  return byPartition;
}
