import { describe, expect, test } from 'vitest';
import { measure, measureSuccess } from '../../bench/support/measure.ts';
import { requireAll, requireThat, requireTools } from '../support/requires.ts';

const need = requireAll(
  requireThat(process.platform === 'linux', 'measuring reads /proc, which only Linux has'),
  requireTools(['bash']),
);
const BUSY = 'const end = process.cpuUsage().user + 300_000; while (process.cpuUsage().user < end);';

function node(code: string, timeoutMs = 30_000): Parameters<typeof measure>[0] {
  return { program: process.execPath, args: ['-e', code], timeoutMs };
}

describe.skipIf(need.skip)('a measured command', () => {
  test('is charged for its own work', async () => {
    const cost = await measureSuccess(node(BUSY));
    expect(cost.cpuSeconds).toBeGreaterThanOrEqual(0.3);
    expect(cost.mainCpuSeconds).toBeLessThanOrEqual(cost.cpuSeconds + 0.02);
    expect(cost.mainPeakMiB).toBeGreaterThan(5);
  });

  test('is charged for its children and theirs too, but its own share is told apart', async () => {
    const child = `require('node:child_process').spawnSync(process.execPath, ['-e', ${JSON.stringify(BUSY)}])`;
    const cost = await measureSuccess(
      node(`require('node:child_process').spawnSync(process.execPath, ['-e', ${JSON.stringify(child)}])`),
    );
    expect(cost.cpuSeconds).toBeGreaterThanOrEqual(0.3);
    expect(cost.mainCpuSeconds).toBeLessThan(cost.cpuSeconds - 0.2);
    expect(cost.peakTreeMiB).toBeGreaterThan(cost.mainPeakMiB);
  });

  test('gives its answer, what it said, and how it ended', async () => {
    const cost = await measure(node(`console.log('out'); console.error('err'); process.exitCode = 7`));
    expect(cost).toMatchObject({ exitCode: 7, stdout: 'out\n', stderr: 'err\n' });
  });

  test('that fails is an error with what it said', async () => {
    await expect(measureSuccess(node(`console.error('why'); process.exitCode = 7`))).rejects.toThrow(
      /ended with 7: why/,
    );
    await expect(measureSuccess(node(`process.exitCode = 65`), [0, 65])).resolves.toMatchObject({ exitCode: 65 });
  });

  test('that takes too long is ended', async () => {
    await expect(measure(node('setInterval(() => {}, 1000)', 300))).rejects.toThrow(/took more than 0.3 s/);
  });
});
