import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { childEnvironment, type ChildKind } from '../../src/core/child-environment.ts';

const KINDS: readonly ChildKind[] = ['page-worker', 'engine', 'slurm', 'container', 'desktop', 'command'];

const SECRETS = {
  BOX_DEVELOPER_TOKEN: 'hidden',
  OCR_PIPELINE_BOX_CLIENT_SECRET: 'hidden',
  OCR_PIPELINE_BOX_CLIENT_ID: 'hidden',
  box_client_secret: 'hidden',
  GITHUB_TOKEN: 'hidden',
  MYSQL_PASSWORD: 'hidden',
  SLURM_JWT: 'hidden',
  AWS_SECRET_ACCESS_KEY: 'hidden',
  LC_SECRET: 'hidden',
  XDG_TOKEN: 'hidden',
};

describe('the environment of child programs', () => {
  test.each(KINDS)('no login reaches a child of kind %s, not even by its own variables', (kind) => {
    const child = childEnvironment(kind, { PATH: '/bin', ...SECRETS }, { MY_TOKEN: 'hidden' });
    expect(Object.values(child)).not.toContain('hidden');
    expect(child['PATH']).toBe('/bin');
  });

  test.each(KINDS)('a child of kind %s gets only names that are on a list', (kind) => {
    const unknown = fc.string({ minLength: 1 }).map((name) => `Q${name}`);
    fc.assert(
      fc.property(fc.dictionary(unknown, fc.string()), (others) => {
        const names = Object.keys(childEnvironment(kind, others));
        expect(names.filter((name) => name.startsWith('Q'))).toEqual([]);
      }),
    );
  });

  test('an engine finds its data, has one thread, and speaks the language of the person', () => {
    const ours = { TESSDATA_PREFIX: '/data', OMP_THREAD_LIMIT: '8', LC_ALL: 'de_DE.UTF-8', LD_PRELOAD: '/x.so' };
    expect(childEnvironment('engine', ours)).toEqual({
      TESSDATA_PREFIX: '/data',
      OMP_THREAD_LIMIT: '1',
      LC_ALL: 'de_DE.UTF-8',
    });
  });

  test('a page worker gets the programs that its engines are', () => {
    const ours = { OCR_PIPELINE_TESSERACT: '/opt/tesseract', OCR_PIPELINE_LANG: 'deu', NODE_COMPILE_CACHE: '/cache' };
    expect(childEnvironment('page-worker', ours)).toEqual({
      OCR_PIPELINE_TESSERACT: '/opt/tesseract',
      NODE_COMPILE_CACHE: '/cache',
      OMP_THREAD_LIMIT: '1',
    });
  });

  test("Slurm's programs are told where Slurm is, speak English, and get no option of another job", () => {
    const ours = {
      SLURM_CONF: '/etc/slurm.conf',
      SLURM_JOB_ID: '7',
      SBATCH_ACCOUNT: 'other',
      SBATCH_EXPORT: 'NONE',
      SQUEUE_FORMAT: '%i',
      LC_ALL: 'de_DE.UTF-8',
      TMPDIR: '/scratch/7',
    };
    expect(childEnvironment('slurm', ours)).toEqual({ SLURM_CONF: '/etc/slurm.conf', LC_ALL: 'C' });
  });

  test('what is given to a child by name comes before ours; a variable that is not set stays so', () => {
    expect(childEnvironment('engine', { HOME: '/home/me' }, { HOME: '/tmp/x', GONE: undefined })).toEqual({
      HOME: '/tmp/x',
      OMP_THREAD_LIMIT: '1',
    });
  });
});
