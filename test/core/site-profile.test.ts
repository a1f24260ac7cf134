import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadSiteProfile } from '../../src/config/load-site-profile.ts';
import { ConfigError } from '../../src/core/errors.ts';
import { checkSiteProfile } from '../../src/core/site-profile.ts';

const savio = (): Record<string, unknown> =>
  JSON.parse(readFileSync(resolve(import.meta.dirname, '../../slurm/savio.json'), 'utf8')) as Record<string, unknown>;

describe("a site's profile", () => {
  test("Savio's comes with the program, each figure with a source and a date", async () => {
    const profile = await loadSiteProfile('savio');
    expect(profile.unit).toBe('SU');
    expect(profile.asOf).toMatch(/^20\d\d/);
    expect(profile.standing).toBe('published, not measured');
    expect(profile.partitions.map(({ name }) => name)).toContain('savio3');
    for (const { source } of [...profile.partitions, ...profile.qos]) expect(profile.sources[source]).toMatch(/\S/);
  });

  test('may be a file of its own', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'site-'));
    try {
      const file = join(folder, 'ours.json');
      await writeFile(file, JSON.stringify({ ...savio(), name: 'Ours' }));
      expect((await loadSiteProfile(file)).name).toBe('Ours');
      await writeFile(file, '{ "name": ');
      await expect(loadSiteProfile(file)).rejects.toThrow(/is not valid JSON/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('that is not there is named, with those that are', async () => {
    const failure: unknown = await loadSiteProfile('sawio').catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ConfigError);
    expect(failure).toMatchObject({
      code: 'SITE_UNKNOWN',
      advice: { why: expect.stringContaining('savio') as unknown },
    });
  });

  test.each<[string, (profile: Record<string, unknown>) => Record<string, unknown>]>([
    ['partitions must be a list', (profile) => ({ ...profile, partitions: [] })],
    [
      'partitions[0].unitsPerCoreHour must be a number, 0 or more',
      (profile) => ({ ...profile, partitions: [{ ...(profile['partitions'] as object[])[0], unitsPerCoreHour: '1' }] }),
    ],
    [
      'partitions[0].source names "rumour", which is not among the sources',
      (profile) => ({ ...profile, partitions: [{ ...(profile['partitions'] as object[])[0], source: 'rumour' }] }),
    ],
    ['asOf must be a text', (profile) => ({ ...profile, asOf: 'lately' })],
    ['qos must be a list', ({ qos: _, ...profile }) => profile],
  ])('says where it is wrong: %s', (problem, change) => {
    expect(() => checkSiteProfile(change(savio()), 'site.json')).toThrow(`site.json: ${problem}`);
  });
});
