import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkImage, checkScratch, checkSlurm, checkTestJob } from '../../../src/cli/doctor/check-slurm.ts';
import { checkSpace } from '../../../src/cli/doctor/check-space.ts';
import type { CheckContext } from '../../../src/cli/doctor/finding.ts';
import type { ClusterView } from '../../../src/app/contract.ts';
import { resolveSettings } from '../../../src/core/config/resolve-settings.ts';
import type { Settings } from '../../../src/core/config/settings-table.ts';
import { requireSlurm, SlurmLab } from '../../support/slurm-lab.ts';
import { app } from '../../../src/app/app.ts';

const SHARED: ClusterView['partitions'][number] = {
  name: 'savio3_htc',
  isDefault: true,
  isUp: true,
  wholeNodes: false,
  nodeKinds: [{ cores: 40 }],
};
const CLUSTER: ClusterView = {
  config: { version: '24.11.5', hasAccounting: true },
  partitions: [
    SHARED,
    {
      ...SHARED,
      name: 'savio3',
      isDefault: false,
      wholeNodes: true,
      nodeKinds: [...SHARED.nodeKinds, { cores: 32 }],
    },
    { ...SHARED, name: 'closed', isDefault: false, isUp: false },
  ],
  associations: [
    { account: 'fc_abc', qos: ['savio_normal', 'savio_debug'] },
    { account: 'ic_hist104', qos: ['savio_normal'] },
  ],
};

function context(
  view: ClusterView | 'absent' | 'silent',
  chosen: Partial<Settings> = {},
  more: Partial<CheckContext> = {},
): CheckContext {
  const defaults = resolveSettings([], { home: tmpdir(), environment: {} });
  const settings = { ...defaults.settings, ...chosen };
  return {
    shell: { workingFolder: '/', environment: {} },
    loadSettings: () => Promise.resolve({ ...defaults, settings, warnings: [], project: undefined }),
    settingsOrDefaults: () => Promise.resolve(settings),
    findEngines: () => Promise.resolve([]),
    openBox: (choices) => app.openBox({ choices, environment: {} }),
    explainLanguages: () => Promise.resolve([]),
    inspectCluster: () => Promise.resolve(view),
    inspectContainerImage: (image) => app.inspectContainerImage(image),
    runTestJob: (request) => app.runTestJob(request),
    deep: false,
    ...more,
  };
}

describe('the check of Slurm', () => {
  const cases: readonly [string, ClusterView | 'absent' | 'silent', Partial<Settings>, string, RegExp][] = [
    ['a laptop', 'absent', {}, 'skip', /no Slurm on this computer/],
    ['a laptop that should use Slurm', 'absent', { executor: 'slurm' }, 'fail', /sbatch is not on the PATH.*unpack/],
    ['a controller that is down', 'silent', { executor: 'slurm' }, 'fail', /does not answer/],
    [
      'no account chosen',
      CLUSTER,
      {},
      'fail',
      /no account chosen\. Yours: fc_abc, ic_hist104.*config set slurm\.account fc_abc/,
    ],
    [
      "somebody else's account",
      CLUSTER,
      { slurmAccount: 'fc_xyz' },
      'fail',
      /you have no account "fc_xyz"\. Yours: fc_abc/,
    ],
    [
      'the only account needs no choice',
      { ...CLUSTER, associations: [{ account: 'fc_abc', qos: [] }] },
      {},
      'ok',
      /account fc_abc/,
    ],
    ['no account at all', { ...CLUSTER, associations: [] }, {}, 'fail', /you have no account on this cluster/],
    [
      'a QoS of another account',
      CLUSTER,
      { slurmAccount: 'ic_hist104', slurmQos: 'savio_debug' },
      'fail',
      /QoS "savio_debug" may not be used\. Yours: savio_normal/,
    ],
    [
      'a partition that is not there',
      CLUSTER,
      { slurmAccount: 'fc_abc', slurmPartition: 'savio9' },
      'fail',
      /no partition "savio9"\. There are: savio3_htc, savio3, closed/,
    ],
    [
      'a partition that is closed',
      CLUSTER,
      { slurmAccount: 'fc_abc', slurmPartition: 'closed' },
      'fail',
      /closed at the moment/,
    ],
    [
      'all in place',
      CLUSTER,
      { slurmAccount: 'fc_abc', slurmPartition: 'savio3' },
      'ok',
      /24\.11\.5, account fc_abc, partition savio3 \(whole nodes of 40 or 32 cores\)/,
    ],
    [
      'a cluster without accounting',
      { ...CLUSTER, config: { ...CLUSTER.config, hasAccounting: false }, associations: 'unavailable' },
      {},
      'ok',
      /no accounts here.*no sacct/,
    ],
  ];
  test.each(cases)('%s', async (_, view, chosen, status, words) => {
    const { detail, remedy, ...finding } = await checkSlurm.run(context(view, chosen));
    expect(finding.status).toBe(status);
    expect([detail, remedy?.text, ...(remedy?.commands ?? [])].join(' ')).toMatch(words);
  });
});

describe('the other checks of a cluster', () => {
  test('an image that is missing, and one that is none', async () => {
    expect(await checkImage.run(context(CLUSTER, { slurmImage: '/nowhere/ocr.sif' }))).toMatchObject({
      status: 'fail',
      detail: expect.stringContaining('IMAGE_MISSING') as unknown,
    });
    expect((await checkImage.run(context(CLUSTER))).status).toBe('skip');
    const folder = mkdtempSync(join(tmpdir(), 'doctor-image-'));
    try {
      writeFileSync(join(folder, 'broken.sif'), 'no image');
      // Where no Apptainer is it cannot be tried, which is a warning.
      expect(['fail', 'warn']).toContain(
        (await checkImage.run(context(CLUSTER, { slurmImage: join(folder, 'broken.sif') }))).status,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('a work folder that nodes may not see, with the scratch of this cluster as its place', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'doctor-site-'));
    try {
      const site = join(folder, 'site.json');
      const savio = JSON.parse(
        readFileSync(resolve(import.meta.dirname, '../../../slurm/savio.json'), 'utf8'),
      ) as object;
      writeFileSync(site, JSON.stringify({ ...savio, scratch: '/cluster/scratch/$USER' }));
      // Of this machine alone: tmpfs, and overlayfs or ext4 where there is none.
      const chosen = { workDir: existsSync('/dev/shm') ? '/dev/shm/runs' : folder };
      const remedy = async (more: Partial<Settings>) =>
        (await checkScratch.run(context(CLUSTER, { ...chosen, ...more }))).remedy?.commands;
      expect(await remedy({ slurmSite: site })).toEqual([
        "ocr-pipeline config set work-dir '/cluster/scratch/$USER/ocr-runs'",
      ]);
      expect(await remedy({ slurmSite: 'savio' })).toEqual([
        "ocr-pipeline config set work-dir '/global/scratch/users/$USER/ocr-runs'",
      ]);
      expect(await remedy({})).toEqual(["ocr-pipeline config set work-dir '/path/to/scratch/$USER/ocr-runs'"]);
      const { remedy: space } = await checkSpace.run(context(CLUSTER, { workDir: '/proc/1/runs', slurmSite: 'savio' }));
      expect(space?.commands).toEqual(["ocr-pipeline config set work-dir '/global/scratch/users/$USER/ocr-runs'"]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('the work folder, and what a job would find, only where there is a cluster', async () => {
    expect(await checkScratch.run(context('absent'))).toMatchObject({ status: 'skip' });
    expect((await checkScratch.run(context(CLUSTER))).detail).toMatch(/free in/);
    expect(await checkTestJob.run(context(CLUSTER))).toMatchObject({
      status: 'skip',
      detail: expect.stringContaining('--deep') as unknown,
    });
  });
});

const need = requireSlurm();
describe.skipIf(need.skip)('doctor --deep', () => {
  let lab: SlurmLab;
  beforeAll(async () => {
    lab = await SlurmLab.start({ nodes: 1 });
  });
  afterAll(() => lab.close());

  test('runs a job and leaves nothing', async () => {
    const around = context(
      await app.inspectCluster({ ...process.env, ...lab.env }),
      { workDir: join(lab.folder, 'work') },
      { deep: true, shell: { workingFolder: '/', environment: { ...process.env, ...lab.env } } },
    );
    expect(await checkSlurm.run(around)).toMatchObject({ status: 'ok' });
    const finding = await checkTestJob.run(around);
    expect(finding).toMatchObject({ status: 'ok', detail: 'ran on n0' });
    expect(readdirSync(join(lab.folder, 'work'))).toEqual([]);
  });

  test('says when nodes do not take the job at all', async () => {
    const environment = { ...process.env, ...lab.env };
    await lab.call('scontrol', 'update', 'partitionname=savio3', 'state=down');
    const around = context(
      CLUSTER,
      { workDir: join(lab.folder, 'work'), slurmPartition: 'savio3' },
      { deep: true, shell: { workingFolder: '/', environment } },
    );
    expect(await checkTestJob.run(around)).toMatchObject({
      status: 'fail',
      detail: expect.stringMatching(/closed at the moment.*PartitionDown/) as unknown,
    });
    expect(await lab.call('squeue', '-h')).toBe('');
  });
});
