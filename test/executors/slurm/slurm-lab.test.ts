import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { requireSlurm, SlurmLab } from '../../support/slurm-lab.ts';

const need = requireSlurm();

describe.skipIf(need.skip)('a private Slurm cluster', () => {
  test('two run side by side, each with its own jobs', async () => {
    await using first = await SlurmLab.start({ nodes: 1 });
    await using second = await SlurmLab.start({ nodes: 3, cpus: 16 });
    await first.call('sbatch', '--job-name=only-here', '--output=/dev/null', '--chdir=/', '--wrap=sleep 60');
    expect(await first.call('squeue', '-h', '-o', '%j')).toBe('only-here');
    expect(await second.call('squeue', '-h', '-o', '%j')).toBe('');
    expect(await second.call('sinfo', '-h', '-p', 'savio3', '-o', '%D %c')).toBe('3 16');
  });

  test('a power cut ends a job and its processes; the node comes back', async () => {
    const lab = await SlurmLab.start({ nodes: 2 });
    try {
      await lab.call(
        'sbatch',
        '--requeue',
        '--nodelist=n1',
        '--output=/dev/null',
        '--chdir=/',
        '--wrap=sleep 60 & wait',
      );
      await lab.until('its processes run', () => lab.jobProcesses(1).length >= 2);
      const processes = lab.jobProcesses(1);
      const running = (): number[] => processes.filter((pid) => existsSync(`/proc/${pid}/exe`));
      expect(running()).toEqual(processes);
      await lab.killNode(1, { jobs: true });
      await lab.until('they have ended', () => running().length === 0);
      await lab.setNode(1, 'down');
      await lab.up();
      expect(await lab.call('sinfo', '-h', '-N', '-n', 'n1', '-p', 'savio3', '-o', '%t')).toMatch(
        /^(idle|mix|alloc|comp)$/,
      );
    } finally {
      await lab.close();
    }
    expect(existsSync(lab.folder)).toBe(false);
  });

  test('a controller that was stopped comes back and knows its jobs', async () => {
    await using lab = await SlurmLab.start({ nodes: 1 });
    await lab.call('sbatch', '--hold', '--job-name=kept', '--output=/dev/null', '--chdir=/', '--wrap=true');
    await lab.stopController();
    await expect(lab.call('squeue')).rejects.toThrow(/Unable to contact slurm controller/);
    await lab.up();
    expect(await lab.call('squeue', '-h', '-o', '%j')).toBe('kept');
  });
});
