import { describe, expect, test } from 'vitest';
import { loadSiteProfile } from '../../../../src/config/load-site-profile.ts';
import { parsePartitions } from '../../../../src/executors/slurm/parse/parse-partitions.ts';
import { priceRun, type PricedWork } from '../../../../src/executors/slurm/decide/price-run.ts';

const WORK: PricedWork = { pages: 12_480, secondsAPage: 2, workerMemoryMiB: 900, nodes: 1 };
const site = await loadSiteProfile('savio');
const partitions = parsePartitions(
  [
    'PartitionName=savio3 AllowAccounts=ALL Default=NO MaxNodes=UNLIMITED MaxTime=3-00:00:00 OverSubscribe=EXCLUSIVE PreemptMode=OFF State=UP',
    'PartitionName=savio3_htc AllowAccounts=ALL Default=YES MaxNodes=UNLIMITED MaxTime=3-00:00:00 OverSubscribe=NO PreemptMode=OFF State=UP',
    'PartitionName=savio4_htc AllowAccounts=co_rich Default=NO MaxNodes=UNLIMITED MaxTime=UNLIMITED OverSubscribe=NO PreemptMode=OFF State=UP',
    'PartitionName=savio3_gpu AllowAccounts=ALL Default=NO MaxNodes=1 MaxTime=3-00:00:00 OverSubscribe=NO PreemptMode=OFF State=UP',
    'PartitionName=savio2 AllowAccounts=ALL Default=NO MaxTime=3-00:00:00 OverSubscribe=EXCLUSIVE PreemptMode=OFF State=DOWN',
  ].join('\n'),
  [
    'savio3|100/12/0/112|32|96000|savio3',
    'savio3|70/10/0/80|40|96000|savio3,savio3_c40',
    'savio3_htc|4/20/0/24|40|384000|(null)',
    'savio4_htc|4/104/0/108|56|512000|(null)',
    'savio3_gpu|1/1/0/2|8|96000|gpu',
    'savio2|0/0/163/163|24|64000|(null)',
  ].join('\n'),
);

describe('what a run costs', () => {
  test('a whole node is paid for whole, by the core-hour', () => {
    const row = priceRun(WORK, { site }).find(({ where }) => where.startsWith('savio3 '));
    // 12,480 pages of 2 s are 6.93 core-hours, and a job's start on 32 cores is 0.4 more.
    expect(row?.where).toBe('savio3 (whole node)');
    expect(row?.cores).toBe(32);
    expect(row?.cost?.low).toBeGreaterThan(4.5);
    expect(row?.cost?.low).toBeLessThan(6.93);
    expect(row?.cost?.high).toBeGreaterThan(6.93);
    expect(row?.cost?.high).toBeLessThan(10);
    expect(row?.seconds?.[0]).toBeLessThan(780 + 45);
    expect(row?.seconds?.[1]).toBeGreaterThan(780);
  });

  test('the same work costs more where a core-hour does, and the cheapest is suggested', () => {
    const rows = priceRun(WORK, { site });
    const highs = rows.map(({ cost }) => cost?.high ?? NaN);
    expect(highs).toEqual(highs.toSorted((a, b) => a - b));
    expect(rows.filter(({ suggested }) => suggested)).toEqual([rows[0]]);
  });

  test('what was asked for is suggested', () => {
    const rows = priceRun({ ...WORK, partition: 'savio4_htc' }, { site });
    expect(rows.filter(({ suggested }) => suggested).map(({ where }) => where)).toEqual(['savio4_htc']);
  });

  test('more nodes are faster, and cost nearly the same', () => {
    const large = { ...WORK, pages: 500_000, partition: 'savio3' };
    const [one, four] = [1, 4].map((nodes) =>
      priceRun({ ...large, nodes }, { site }).find(({ suggested }) => suggested),
    );
    expect(four?.where).toBe('savio3 (whole node) x 4');
    expect((four?.seconds?.[1] ?? NaN) * 3).toBeLessThan(one?.seconds?.[1] ?? NaN);
    expect(four?.cost?.high ?? NaN).toBeLessThan((one?.cost?.high ?? NaN) * 1.1);
  });

  test("partitions are Slurm's where it answers: open ones, for one's accounts, and of the site's rates", () => {
    const names = (accounts: string[]): string[] =>
      priceRun(WORK, { site, partitions, associations: accounts.map((account) => ({ account, qos: [] })) }).map(
        ({ where }) => where.split(' ')[0] ?? '',
      );
    expect(names(['fc_me']).toSorted()).toEqual(['savio3', 'savio3_htc']);
    expect(names(['fc_me', 'co_rich']).toSorted()).toEqual(['savio3', 'savio3_htc', 'savio4_htc']);
  });

  test('without rates there is a time, no cost, and the default is suggested', () => {
    const rows = priceRun(WORK, { partitions });
    expect(rows.every(({ cost }) => cost === undefined)).toBe(true);
    expect(rows.find(({ suggested }) => suggested)?.where).toBe('savio3_htc');
  });

  test('without a page that was timed there is no price', () => {
    for (const row of priceRun({ ...WORK, secondsAPage: undefined }, { site }))
      expect([row.cost, row.seconds]).toEqual([undefined, undefined]);
  });
});
