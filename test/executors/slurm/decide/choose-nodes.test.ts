import { describe, expect, it } from 'vitest';
import { chooseNodes } from '../../../../src/executors/slurm/decide/choose-nodes.ts';
import type { Partition } from '../../../../src/executors/slurm/parse/parse-partitions.ts';

const node = (cores: number, memoryMiB: number, nodes: number): Partition['nodeKinds'][number] => ({
  cores,
  memoryMiB,
  nodes,
  idleNodes: 0,
  features: [],
});
const partition = (name: string, more: Partial<Partition> = {}): Partition => ({
  name,
  isDefault: false,
  isUp: true,
  wholeNodes: false,
  isPreemptable: false,
  allowedAccounts: [],
  nodeKinds: [node(40, 96_000, 10)],
  ...more,
});

const PARTITIONS = [
  partition('htc', { isDefault: true, maxMinutes: 4_320, nodeKinds: [node(40, 96_000, 10), node(32, 64_000, 5)] }),
  partition('bigmem', { wholeNodes: true, maxMinutes: 600 }),
  partition('secret', { isHidden: true }),
];
const CONFIG = { wholeNodesOnly: false };

describe('the nodes of a run', () => {
  it('are those of the default partition, with what all of them have at least', () => {
    expect(chooseNodes(CONFIG, PARTITIONS, { nodes: 3 }, undefined)).toEqual({
      nodeCount: 15,
      shape: { coresPerNode: 32, memoryMiB: 64_000, wholeNodes: false, nodes: 3, maxMinutes: 4_320 },
    });
  });

  it('are those of every partition that is named, and the shortest time counts', () => {
    const { nodeCount, shape } = chooseNodes(CONFIG, PARTITIONS, { partition: 'htc,bigmem', nodes: 1 }, undefined);
    expect(nodeCount).toBe(25);
    // On one of them a job may share a node.
    expect(shape).toMatchObject({ wholeNodes: false, maxMinutes: 600 });
  });

  it('must be there; hidden ones are not named to others', () => {
    expect(() => chooseNodes(CONFIG, PARTITIONS, { partition: 'htc,gpu', nodes: 1 }, undefined)).toThrow(
      expect.objectContaining({
        code: 'SLURM_PARTITION',
        message: 'There is no partition called "gpu".',
        advice: expect.objectContaining({ why: 'There are: htc, bigmem' }) as object,
      }) as Error,
    );
    expect(() => chooseNodes(CONFIG, [], { nodes: 1 }, undefined)).toThrow(/no default partition/);
  });
});
