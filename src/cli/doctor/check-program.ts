import { stat } from 'node:fs/promises';
import { quoteWord } from '../quote-word.ts';
import { configPlaces, readConfigFile, showPath } from '../../config/config-files.ts';
import { countCpus } from '../../core/cpu-count.ts';
import { readAvailableMemory, readCpuLimits } from '../../config/available-cpus.ts';
import { countOf, formatBytes } from '../screens/format-numbers.ts';
import { programVersion } from '../../config/program-version.ts';
import type { Check } from './finding.ts';

/** The mode of a file that everybody may read: stat(2), S_IROTH. */
const READABLE_BY_ALL = 0o004;
/** The main process and one worker with its engine, with some room. */
const LEAST_MEMORY_BYTES = 1_500_000_000;
/** A worker with its engine on an ordinary page, measured on 300-dpi letter pages. */
const MEMORY_A_JOB_BYTES = 500_000_000;

export const checkProgram: Check = {
  id: 'program',
  title: 'Program',
  async run({ shell: { environment } }) {
    const container = environment['APPTAINER_NAME'] ?? environment['SINGULARITY_NAME'];
    const detail = `${programVersion()}, Node ${process.versions.node}${container ? `, in ${container}` : ''}`;
    return { status: 'ok', detail };
  },
};

export const checkConfig: Check = {
  id: 'config',
  title: 'Settings',
  async run({ shell, loadSettings }) {
    const { warnings } = await loadSettings();
    const found: string[] = [];
    for (const place of configPlaces(shell)) {
      const file = await readConfigFile(place, shell);
      if (!file) continue;
      found.push(showPath(place.file, shell));
      if (file.values.has('boxClientSecret') && ((await stat(place.file)).mode & READABLE_BY_ALL) !== 0)
        return {
          status: 'warn',
          detail: `${showPath(place.file, shell)} holds the secret of the Box app, and everybody on this computer may read it`,
          remedy: {
            text:
              place.kind === 'site'
                ? 'Let only those read it who use the program: give it their group first (chgrp GROUP).'
                : 'Let nobody else read it.',
            commands: [`chmod ${place.kind === 'site' ? '640' : '600'} ${quoteWord(place.file)}`],
          },
        };
    }
    const [warning] = warnings;
    if (warning !== undefined)
      return {
        status: 'warn',
        detail: warning,
        remedy: { text: 'Take it out, or correct it.', commands: ['ocr-pipeline config explain'] },
      };
    return { status: 'ok', detail: found.length === 0 ? 'defaults; no file of yours' : `from ${found.join(', ')}` };
  },
};

export const checkCores: Check = {
  id: 'cores',
  title: 'Cores',
  async run({ settingsOrDefaults }) {
    const [limits, memoryBytes, { jobs }] = await Promise.all([
      readCpuLimits(),
      readAvailableMemory(),
      settingsOrDefaults(),
    ]);
    const cpus = countCpus(limits);
    const why =
      limits.allocated === cpus
        ? ', as Slurm gave'
        : limits.quota !== undefined && Math.floor(limits.quota) <= cpus
          ? ', as the container allows'
          : '';
    const atOnce = jobs === 'auto' ? cpus : jobs;
    const detail = `${countOf(atOnce, 'page')} at once (${countOf(cpus, 'core')}${why}), ${formatBytes(memoryBytes)} of memory`;
    if (memoryBytes < LEAST_MEMORY_BYTES) {
      return {
        status: 'warn',
        detail,
        remedy: {
          text: 'That is little memory; read one page at a time.',
          commands: ['ocr-pipeline config set jobs 1'],
        },
      };
    }
    const fitting = Math.max(1, Math.floor((memoryBytes - 500_000_000) / MEMORY_A_JOB_BYTES));
    if (atOnce > fitting) {
      return {
        status: 'warn',
        detail,
        remedy: {
          text: 'Memory may not suffice for so many pages at once.',
          commands: [`ocr-pipeline config set jobs ${fitting}`],
        },
      };
    }
    return { status: 'ok', detail };
  },
};
