import type { SettingName } from '../core/config/settings-table.ts';
import type { FlagName } from './flags.ts';

/** A command as help shows it and the command line is checked against it. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  /** What follows the name: `[run] [options]`. */
  readonly usage: string;
  readonly group: 'START HERE' | 'DO THE WORK' | 'READ THE RESULT' | 'ONE STEP AT A TIME' | 'hidden';
  /** How many words may follow. */
  readonly positionals: readonly [min: number, max: number];
  readonly settings: readonly SettingName[];
  readonly flags: readonly FlagName[];
  /** Full command lines. */
  readonly examples: readonly string[];
  /** A first Ctrl-C asks it to stop tidily; others end at once. */
  readonly stoppable: boolean | 'patiently';
}

const LIMITS = ['pageTimeout', 'pageMegapixels', 'pageMemory'] as const;
const DOCUMENT_LIMITS = ['documentFailures', 'documentTimeout'] as const;
const READING = ['lang', 'engine', 'tesseract', 'mode', 'dpi'] as const;
const BOX_SETTINGS = ['boxLoginFile', 'maxWait'] as const;

/** Settings of the cluster that commands take as flags. */
export const SLURM_FLAGS = [
  'slurmAccount',
  'slurmPartition',
  'slurmQos',
  'slurmTime',
  'slurmNodes',
  'slurmCores',
  'slurmSbatchOptions',
  'slurmImage',
  'slurmSite',
] as const;

const RUN_SETTINGS = [
  ...(['input', 'output', 'boxFolder', 'boxOutputFolder', 'match', 'recursive', 'onConflict'] as const),
  ...READING,
  ...(['formats', 'executor', 'jobs', 'workDir', 'share'] as const),
  ...SLURM_FLAGS,
  ...LIMITS,
  ...DOCUMENT_LIMITS,
  ...BOX_SETTINGS,
  'boxCallsPerMinute',
  'boxUploadsPerMinute',
] as const;

const ANY_NUMBER = 100_000;

/** Every command, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  {
    name: 'doctor',
    summary: 'Is everything in place? If not, how to fix it',
    usage: '[check...] [--deep] [--json]',
    group: 'START HERE',
    positionals: [0, 20],
    settings: [
      'boxFolder',
      'boxOutputFolder',
      'lang',
      'engine',
      'tesseract',
      'jobs',
      'workDir',
      'executor',
      ...SLURM_FLAGS,
    ],
    flags: ['json', 'deep'],
    examples: [
      'ocr-pipeline doctor',
      'ocr-pipeline doctor tesseract space',
      'ocr-pipeline doctor box --box-folder "box:Scans/Marduk"',
      'ocr-pipeline doctor --lang deu+frk',
      'ocr-pipeline doctor --deep',
    ],
    stoppable: false,
  },
  {
    name: 'login',
    summary: 'Log in to Box            (logout box, whoami)',
    usage: 'box [--check | --app-file FILE | --hand-over | --receive]',
    group: 'START HERE',
    positionals: [1, 1],
    settings: BOX_SETTINGS,
    flags: ['check', 'app-file', 'hand-over', 'receive', 'json'],
    examples: [
      'ocr-pipeline login box',
      'ocr-pipeline login box --check',
      'ocr-pipeline login box --hand-over | ssh HOST ocr-pipeline login box --receive',
    ],
    stoppable: false,
  },
  {
    name: 'ls',
    summary: 'Find folders on Box and their IDs',
    usage: '[folder] [--json]',
    group: 'START HERE',
    positionals: [0, 1],
    settings: [...BOX_SETTINGS, 'boxCallsPerMinute'],
    flags: ['json'],
    examples: [
      'ocr-pipeline ls',
      'ocr-pipeline ls "box:Scans/Marduk"',
      'ocr-pipeline ls https://app.box.com/folder/163928374651',
    ],
    stoppable: false,
  },
  {
    name: 'plan',
    summary: 'What would be done, how long, what it costs. Changes nothing',
    usage: '--input PATH... --output FOLDER [options]',
    group: 'START HERE',
    positionals: [0, 0],
    settings: RUN_SETTINGS,
    flags: ['verbose', 'json'],
    examples: ['ocr-pipeline plan --input ./scans --output ./text --lang deu+frk'],
    stoppable: true,
  },
  {
    name: 'logout',
    summary: 'Log out of Box, here and there',
    usage: 'box',
    group: 'START HERE',
    positionals: [1, 1],
    settings: BOX_SETTINGS,
    flags: [],
    examples: ['ocr-pipeline logout box'],
    stoppable: false,
  },
  {
    name: 'whoami',
    summary: 'Whose Box login is this, and how long does it last?',
    usage: '[--json]',
    group: 'START HERE',
    positionals: [0, 0],
    settings: BOX_SETTINGS,
    flags: ['json'],
    examples: ['ocr-pipeline whoami'],
    stoppable: false,
  },
  {
    name: 'languages',
    summary: 'Which languages can be read here?',
    usage: '[--json]',
    group: 'START HERE',
    positionals: [0, 0],
    settings: ['tesseract'],
    flags: ['json'],
    examples: ['ocr-pipeline languages'],
    stoppable: false,
  },
  {
    name: 'run',
    summary: 'OCR a Box folder or a directory, here or on Slurm',
    usage: '(--box-folder FOLDER | --input PATH...) [options]',
    group: 'DO THE WORK',
    positionals: [0, 0],
    settings: [...RUN_SETTINGS, 'whenDone', 'progress'],
    flags: ['dry-run', 'detach', 'everything', 'verbose', 'json'],
    examples: [
      'ocr-pipeline run --box-folder 163928374651 --lang deu+frk',
      'ocr-pipeline run --box-folder 163928374651 --executor slurm --account fc_abc',
      'ocr-pipeline run --input ./scans --output ./text',
      'ocr-pipeline run --input a.pdf b.pdf --output ./text --lang deu+frk',
      'ocr-pipeline run -i ./scans -o ./text --match "letters/**" --dry-run',
    ],
    stoppable: true,
  },
  {
    name: 'status',
    summary: 'How far is it?           (--watch to follow, --json)',
    usage: '[run] [--watch] [--json]',
    group: 'DO THE WORK',
    positionals: [0, 1],
    settings: ['workDir'],
    flags: ['watch', 'all', 'json'],
    examples: ['ocr-pipeline status', 'ocr-pipeline status --watch', 'ocr-pipeline status marduk-7f3a01 --json'],
    stoppable: true,
  },
  {
    name: 'resume',
    summary: 'Go on where it stopped',
    usage: '[run] [options]',
    group: 'DO THE WORK',
    positionals: [0, 1],
    settings: ['workDir', 'jobs', 'tesseract', 'whenDone', 'progress', ...BOX_SETTINGS, ...SLURM_FLAGS],
    flags: ['detach', 'json'],
    examples: [
      'ocr-pipeline resume',
      'ocr-pipeline resume marduk-7f3a01 --jobs 4',
      'ocr-pipeline resume marduk-7f3a01 --detach',
    ],
    stoppable: true,
  },
  {
    name: 'cancel',
    summary: 'Stop a run, keep its pages',
    usage: '[run]',
    group: 'DO THE WORK',
    positionals: [0, 1],
    settings: ['workDir'],
    flags: ['json'],
    examples: ['ocr-pipeline cancel marduk-7f3a01'],
    stoppable: false,
  },
  {
    name: 'clean',
    summary: 'Remove what no run needs any more; asks first',
    usage: '[run...] [--yes] [--json]',
    group: 'DO THE WORK',
    positionals: [0, 1000],
    settings: ['workDir'],
    flags: ['yes', 'json'],
    examples: ['ocr-pipeline clean', 'ocr-pipeline clean --yes', 'ocr-pipeline clean marduk-7f3a01'],
    stoppable: true,
  },
  {
    name: 'report',
    summary: 'One HTML page: what went well, what needs you, how to cite',
    usage: '[run]',
    group: 'READ THE RESULT',
    positionals: [0, 1],
    settings: ['workDir'],
    flags: ['json'],
    examples: ['ocr-pipeline report', 'ocr-pipeline report marduk-7f3a01'],
    stoppable: false,
  },
  {
    name: 'rasterize',
    summary: 'PDF pages to page images',
    usage: '(FILE... | --run RUN) --output FOLDER [options]',
    group: 'ONE STEP AT A TIME',
    positionals: [0, ANY_NUMBER],
    settings: ['output', 'dpi', 'jobs', 'workDir', ...LIMITS],
    flags: ['pages', 'run', 'json'],
    examples: [
      'ocr-pipeline rasterize book.pdf --output pages/',
      'ocr-pipeline rasterize book.pdf --output pages/ --pages 1-5,8',
    ],
    stoppable: true,
  },
  {
    name: 'recognize',
    summary: 'Page images or PDFs to page results (text, boxes)',
    usage: '(FILE... | --run RUN) --output FOLDER [options]',
    group: 'ONE STEP AT A TIME',
    positionals: [0, ANY_NUMBER],
    settings: ['output', ...READING, 'jobs', 'workDir', ...LIMITS],
    flags: ['pages', 'run', 'json'],
    examples: [
      'ocr-pipeline recognize book.pdf --output results/ --lang deu',
      'ocr-pipeline recognize pages/*.png --output results/',
    ],
    stoppable: true,
  },
  {
    name: 'assemble',
    summary: 'Page results to text, searchable PDF and more',
    usage: '(FILE... --results FOLDER | --run RUN) --output FOLDER [options]',
    group: 'ONE STEP AT A TIME',
    positionals: [0, ANY_NUMBER],
    settings: ['output', 'formats', 'jobs', 'workDir', ...LIMITS],
    flags: ['results', 'run', 'json'],
    examples: ['ocr-pipeline assemble book.pdf --results results/ --output text/'],
    stoppable: true,
  },
  {
    name: 'config',
    summary: 'Settings and where they come from; set your own',
    usage: '(explain [NAME] | get NAME | set NAME VALUE... | unset NAME | trust | path)',
    group: 'START HERE',
    positionals: [0, 102],
    settings: [...RUN_SETTINGS, 'whenDone', 'progress'],
    flags: ['project', 'json'],
    examples: [
      'ocr-pipeline config explain',
      'ocr-pipeline config set lang deu+frk',
      'ocr-pipeline config get work-dir',
      'ocr-pipeline config trust',
    ],
    stoppable: false,
  },
  {
    name: 'completion',
    summary: 'What lets the Tab key finish commands and options',
    usage: '(bash | zsh | fish)',
    group: 'hidden',
    positionals: [1, 1],
    settings: [],
    flags: [],
    examples: [
      'source <(ocr-pipeline completion bash)     in ~/.bashrc',
      'ocr-pipeline completion fish > ~/.config/fish/completions/ocr-pipeline.fish',
    ],
    stoppable: false,
  },
  {
    name: 'man',
    summary: 'The manual page, for man',
    usage: '',
    group: 'hidden',
    positionals: [0, 0],
    settings: [],
    flags: [],
    examples: ['ocr-pipeline man > ~/.local/share/man/man1/ocr-pipeline.1'],
    stoppable: false,
  },
  {
    name: 'help',
    summary: 'This help, a command, or a topic',
    usage: '[command | topic]',
    group: 'hidden',
    positionals: [0, 1],
    settings: [],
    flags: [],
    examples: ['ocr-pipeline help run', 'ocr-pipeline help exit-codes'],
    stoppable: false,
  },
  {
    name: 'engines',
    summary: 'Which engine would read here, for the coordinator of a cluster run',
    usage: '--json',
    group: 'hidden',
    positionals: [0, 0],
    settings: ['lang', 'engine', 'tesseract'],
    flags: ['json'],
    examples: [],
    stoppable: false,
  },
  {
    name: 'work',
    summary: 'Read the pages of one task of a run; started on cluster nodes',
    usage: '<run folder> <task>',
    group: 'hidden',
    positionals: [2, 2],
    settings: ['tesseract'],
    flags: [],
    examples: [],
    stoppable: 'patiently',
  },
];

/** Settings every command takes. */
export const COMMON_SETTINGS: readonly SettingName[] = ['logLevel'];
/** Flags every command takes. */
export const COMMON_FLAGS: readonly FlagName[] = ['help'];
