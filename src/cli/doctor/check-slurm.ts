import { access, statfs } from 'node:fs/promises';
import type { Settings } from '../../core/config/settings-table.ts';
import { slurmChoices } from '../make-request.ts';
import { formatBytes } from '../screens/format-numbers.ts';
import { programVersion } from '../../config/program-version.ts';
import type { ClusterView } from '../../app/contract.ts';
import type { Check, CheckContext, Finding } from './finding.ts';
import { moveWorkFolder, nearestExisting } from './work-folder.ts';

type Verdict = Omit<Finding, 'id' | 'title'>;

/** How long a test job may wait for a node. */
const TEST_JOB_TIMEOUT_MS = 300_000;

const NOT_USED: Verdict = {
  status: 'skip',
  detail: 'no Slurm on this computer; it is needed for --executor slurm alone',
};

const NOT_HERE: Verdict = { status: 'skip', detail: 'no Slurm here' };

/** File systems of one machine: statfs(2). */
const LOCAL_FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0xef53, 'ext4'],
  [0x58465342, 'XFS'],
  [0x9123683e, 'Btrfs'],
  [0x01021994, 'memory'],
  [0x794c7630, 'a container'],
]);

/** Is Slurm here, does it answer, and would it take a job of this person? */
export const checkSlurm: Check = {
  id: 'slurm',
  title: 'Slurm',
  async run({ settingsOrDefaults, inspectCluster }) {
    const [settings, view] = [await settingsOrDefaults(), await inspectCluster()];
    if (view === 'absent') return settings.executor === 'slurm' ? absent() : NOT_USED;
    if (view === 'silent') {
      return {
        status: settings.executor === 'slurm' ? 'fail' : 'warn',
        detail: 'the controller does not answer',
        remedy: {
          text: 'Jobs go on meanwhile. Try again in some minutes; ask the staff if it lasts.',
          commands: ['ocr-pipeline doctor slurm'],
        },
      };
    }
    return checkAccount(settings, view) ?? checkPartition(settings, view) ?? clusterReady(settings, view);
  },
};

function absent(): Verdict {
  return {
    status: 'fail',
    detail: 'sbatch is not on the PATH',
    remedy: {
      text: 'Jobs are submitted from a login or transfer node, outside the container.',
      commands: ['apptainer run ocr-pipeline.sif unpack ~/ocr-pipeline'],
    },
  };
}

function checkAccount({ slurmAccount, slurmQos }: Settings, { associations }: ClusterView): Verdict | undefined {
  if (!Array.isArray(associations)) return undefined;
  const accounts = [...new Set(associations.map(({ account }) => account))];
  const choose = (text: string): Verdict => ({
    status: 'fail',
    detail: `${text}. Yours: ${accounts.join(', ')}`,
    remedy: { text: 'Choose who pays.', commands: [`ocr-pipeline config set slurm.account ${accounts[0]}`] },
  });
  if (accounts.length === 0)
    return {
      status: 'fail',
      detail: 'you have no account on this cluster',
      remedy: { text: 'Ask the staff of the cluster for one.', commands: ['sacctmgr show associations user=$USER'] },
    };
  if (slurmAccount === undefined && accounts.length > 1) return choose('no account chosen');
  if (slurmAccount !== undefined && !accounts.includes(slurmAccount))
    return choose(`you have no account "${slurmAccount}"`);
  const qos = [
    ...new Set(
      associations
        .filter(({ account }) => slurmAccount === undefined || account === slurmAccount)
        .flatMap((each) => each.qos),
    ),
  ];
  if (slurmQos !== undefined && qos.length > 0 && !qos.includes(slurmQos)) {
    return {
      status: 'fail',
      detail: `QoS "${slurmQos}" may not be used. Yours: ${qos.join(', ')}`,
      remedy: { text: 'Choose another, or none.', commands: [`ocr-pipeline config set slurm.qos ${qos[0]}`] },
    };
  }
  return undefined;
}

function checkPartition({ slurmPartition }: Settings, { partitions }: ClusterView): Verdict | undefined {
  const chosen =
    slurmPartition === undefined
      ? partitions.find(({ isDefault }) => isDefault)
      : partitions.find(({ name }) => name === slurmPartition);
  const names = partitions.flatMap(({ name, isHidden }) => (isHidden ? [] : name));
  const remedy = {
    text: 'ocr-pipeline plan --executor slurm   compares them.',
    commands: [`ocr-pipeline config set slurm.partition ${names[0] ?? 'NAME'}`],
  };
  if (!chosen) {
    const what =
      slurmPartition === undefined
        ? 'no partition chosen, and none by default'
        : `there is no partition "${slurmPartition}"`;
    return { status: 'fail', detail: `${what}. There are: ${names.join(', ')}`, remedy };
  }
  return chosen.isUp
    ? undefined
    : { status: 'fail', detail: `partition ${chosen.name} is closed at the moment`, remedy };
}

function clusterReady(
  { slurmAccount, slurmPartition }: Settings,
  { config, partitions, associations }: ClusterView,
): Verdict {
  const chosen = partitions.find(({ name, isDefault }) =>
    slurmPartition === undefined ? isDefault : name === slurmPartition,
  );
  const account = slurmAccount ?? (Array.isArray(associations) ? associations[0]?.account : undefined);
  const cores = [...new Set(chosen?.nodeKinds.map((kind) => kind.cores))].join(' or ');
  const parts = [
    config.version,
    account === undefined ? 'no accounts here' : `account ${account}`,
    `partition ${chosen?.name} (${chosen?.wholeNodes ? 'whole nodes' : 'nodes'} of ${cores} cores)`,
    ...(config.hasAccounting ? [] : ['no sacct: jobs that vanish are waited for']),
  ];
  return { status: 'ok', detail: parts.join(', ') };
}

/** Is the container image there, and does it run? */
export const checkImage: Check = {
  id: 'image',
  title: 'Image',
  async run({ settingsOrDefaults, inspectCluster, inspectContainerImage }) {
    const { slurmImage } = await settingsOrDefaults();
    if (slurmImage === undefined) {
      return (await inspectCluster()) === 'absent'
        ? NOT_HERE
        : { status: 'skip', detail: 'none chosen: nodes run this program itself, which they must see' };
    }
    if (
      !(await access(slurmImage).then(
        () => true,
        () => false,
      ))
    ) {
      return {
        status: 'fail',
        detail: `${slurmImage} is not there [IMAGE_MISSING]`,
        remedy: {
          text: 'Your research-computing staff may have one.',
          commands: ['ocr-pipeline config set slurm.image FILE'],
        },
      };
    }
    const { program, version, said } = await inspectContainerImage(slurmImage);
    if (program === undefined)
      return {
        status: 'warn',
        detail: `${slurmImage} is there; neither apptainer nor singularity is here to try it`,
        remedy: { text: 'Try again on a login node.', commands: ['ocr-pipeline doctor image'] },
      };
    if (version === undefined)
      return {
        status: 'fail',
        detail: `${slurmImage} does not run [IMAGE_BROKEN]\n${said.split('\n').slice(-3).join('\n')}`,
        remedy: { text: 'It may be incomplete: copy it again.', commands: [`apptainer run ${slurmImage} --version`] },
      };
    if (version !== programVersion()) {
      return {
        status: 'fail',
        detail: `${slurmImage} has version ${version}, this program is ${programVersion()} [IMAGE_VERSION]`,
        remedy: {
          text: 'Use the program of the image.',
          commands: [`apptainer run ${slurmImage} unpack ~/ocr-pipeline`],
        },
      };
    }
    return { status: 'ok', detail: `${slurmImage}, version ${version}, runs` };
  },
};

/** Do nodes see the work folder, and is there room? */
export const checkScratch: Check = {
  id: 'scratch',
  title: 'Scratch',
  async run({ settingsOrDefaults, inspectCluster }) {
    const settings = await settingsOrDefaults();
    const { workDir } = settings;
    const view = await inspectCluster();
    if (view === 'absent') return NOT_HERE;
    const { type, bavail, bsize } = await statfs(await nearestExisting(workDir));
    const room = `${formatBytes(bavail * bsize)} free in ${workDir}`;
    const local = LOCAL_FILE_SYSTEMS.get(type);
    if (local === undefined) return { status: 'ok', detail: room };
    return {
      status: 'warn',
      detail: `${room}, which is on a disk of this machine (${local}): other nodes may not see it`,
      remedy: {
        text: 'Keep run folders where every node sees them. doctor --deep finds out.',
        commands: [await moveWorkFolder(settings, '/path/to/scratch/$USER/ocr-runs')],
      },
    };
  },
};

/** Does a job really run? Only when asked for: it waits for a node, and is charged a core-minute. */
export const checkTestJob: Check = {
  id: 'job',
  title: 'Test job',
  timeoutMs: TEST_JOB_TIMEOUT_MS + 60_000,
  async run({ deep, settingsOrDefaults, inspectCluster, runTestJob, shell }: CheckContext) {
    const view = await inspectCluster();
    if (view === 'absent') return NOT_HERE;
    if (!deep) return { status: 'skip', detail: 'not run (doctor --deep submits a 1-minute job)' };
    if (view === 'silent') return { status: 'skip', detail: 'Slurm does not answer' };
    const settings = await settingsOrDefaults();
    const { outcome, detail } = await runTestJob({
      environment: shell.environment,
      choices: slurmChoices(settings),
      workDir: settings.workDir,
      timeoutMs: TEST_JOB_TIMEOUT_MS,
    });
    if (outcome === 'completed') return { status: 'ok', detail };
    if (outcome === 'waiting') return { status: 'warn', detail };
    return {
      status: 'fail',
      detail,
      remedy: {
        text: 'A folder that nodes see, or another partition, may help.',
        commands: ['ocr-pipeline config set work-dir FOLDER', 'ocr-pipeline config set slurm.partition NAME'],
      },
    };
  },
};
