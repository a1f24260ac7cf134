import { access, constants, mkdtemp, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { showPath } from '../../config/config-files.ts';
import { formatBytes } from '../screens/format-numbers.ts';
import type { Check } from './finding.ts';
import { moveWorkFolder, nearestExisting } from './work-folder.ts';

/** Below this even a small run may fail. */
const LEAST_FREE_BYTES = 1_000_000_000;

/** May page images be written to temporary space, and run folders to the work folder? */
export const checkSpace: Check = {
  id: 'space',
  title: 'Space',
  async run({ settingsOrDefaults, shell }) {
    const settings = await settingsOrDefaults();
    const { workDir } = settings;
    const temporary = tmpdir();
    if (!(await canWriteTemporary(temporary))) {
      return {
        status: 'fail',
        detail: `${temporary} cannot be written to`,
        remedy: { text: 'Name another folder for temporary files.', commands: ['export TMPDIR=/var/tmp'] },
      };
    }
    const existing = await nearestExisting(workDir);
    const shown = showPath(workDir, shell);
    const other = {
      text: 'Keep run folders elsewhere.',
      commands: [await moveWorkFolder(settings, '/path/with/room')],
    };
    if (!(await isWritable(existing)))
      return { status: 'fail', detail: `${shown} cannot be written to`, remedy: other };
    const [work, temp] = await Promise.all([freeBytes(existing), freeBytes(temporary)]);
    const detail = `${formatBytes(work)} free for runs in ${shown}, ${formatBytes(temp)} in ${temporary}`;
    return Math.min(work, temp) < LEAST_FREE_BYTES
      ? { status: 'warn', detail, remedy: other }
      : { status: 'ok', detail };
  },
};

async function canWriteTemporary(folder: string): Promise<boolean> {
  try {
    const made = await mkdtemp(join(folder, 'ocr-pipeline-doctor-'));
    try {
      await writeFile(join(made, 'probe'), 'probe');
    } finally {
      await rm(made, { recursive: true, force: true });
    }
    return true;
  } catch {
    return false;
  }
}

function isWritable(folder: string): Promise<boolean> {
  return access(folder, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
