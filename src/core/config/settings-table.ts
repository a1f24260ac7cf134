import {
  CONFLICT_POLICIES,
  DEFAULT_DOCUMENT_FAILURES,
  DEFAULT_LIMITS,
  ENGINE_NAMES,
  EXECUTOR_NAMES,
  OUTPUT_FORMATS,
  SHARING,
  TEXT_MODES,
} from '../settings.ts';
import {
  choice,
  choices,
  integer,
  integerOrAuto,
  jobTime,
  languages,
  onOff,
  path,
  paths,
  patterns,
  sbatchOptions,
  seconds,
  secretText,
  text,
  type Kind,
} from './kinds.ts';

/** How progress is shown. `auto`: `live` on a terminal, `plain` elsewhere. */
export const PROGRESS_STYLES = ['auto', 'live', 'plain', 'json', 'none'] as const;
export type ProgressStyle = (typeof PROGRESS_STYLES)[number];

export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Headings under which help and documentation list the settings, in order. */
export const SETTING_GROUPS = [
  'Where from, where to',
  'How pages are read',
  'How the run goes',
  'Limits of a page and a document',
  'Box',
  'Slurm',
  'Talk',
] as const;
type SettingGroup = (typeof SETTING_GROUPS)[number];

/** All there is to know of one setting, in one place. */
export interface Setting<T> {
  readonly kind: Kind<T>;
  readonly group: SettingGroup;
  /** One line, without a full stop. */
  readonly help: string;
  /** Help on the `--no-` form of a switch that is on by default. */
  readonly offHelp?: string | undefined;
  readonly defaultValue: T | undefined;
  /** Says the default where it is not a fixed value. */
  readonly defaultText?: string | undefined;
  /** Its name in configuration files: `work-dir`. */
  readonly key: string;
  /** Its name on the command line, without dashes. */
  readonly flag: string;
  /** One letter. */
  readonly alias?: string | undefined;
  /** Names a program that is run: not taken from a project file, which may come from somebody else. */
  readonly notInProjectFile: boolean;
  /** Says where data come from, where they go, or what costs money: of a project file only once it is trusted. */
  readonly needsTrust: boolean;
  /** No command takes it as a flag: it is for files and the environment. */
  readonly flagless: boolean;
  /** Is shown nowhere and comes from no command line. */
  readonly secret: boolean;
}

type Draft<T> = Pick<Setting<T>, 'kind' | 'group' | 'help'> &
  Partial<
    Pick<
      Setting<T>,
      'defaultText' | 'offHelp' | 'alias' | 'key' | 'flag' | 'notInProjectFile' | 'needsTrust' | 'flagless' | 'secret'
    >
  >;

/** A setting that always has a value. */
function withDefault<T>(defaultValue: NoInfer<T>, draft: Draft<T>): Draft<T> & { readonly defaultValue: T } {
  return { ...draft, defaultValue };
}

/** A setting that may be absent. */
function withoutDefault<T>(draft: Draft<T>): Draft<T> & { readonly defaultValue: undefined } {
  return { ...draft, defaultValue: undefined };
}

const FROM_TO = 'Where from, where to';
const READING = 'How pages are read';
const RUNNING = 'How the run goes';
const LIMITS = 'Limits of a page and a document';
const BOX = 'Box';
const SLURM = 'Slurm';
const TALK = 'Talk';

/** Names of accounts, partitions and QoS; several partitions are separated by commas. */
const SLURM_NAME = /^[\w.@+,-]+$/;

/** Without a slash at the end. */
const WEB_ADDRESS = /^https?:\/\/[^\s/]+(?:\/[^\s/]+)*$/;

const DRAFTS = {
  input: withoutDefault({
    needsTrust: true,
    kind: paths,
    group: FROM_TO,
    help: 'Scanned PDFs: a folder, files, or several of either',
    alias: 'i',
  }),
  output: withoutDefault({
    needsTrust: true,
    kind: path('FOLDER'),
    group: FROM_TO,
    help: 'Where results go; made if it is not there. Of one PDF also the file: NAME.pdf or NAME.txt',
    alias: 'o',
  }),
  boxFolder: withoutDefault({
    needsTrust: true,
    kind: text('a Box folder: its ID, its link, or box:Path/Name', 'FOLDER', /\S/),
    group: FROM_TO,
    help: 'A Box folder of scanned PDFs: ID, link, or box:Path/Name',
  }),
  boxOutputFolder: withoutDefault({
    needsTrust: true,
    kind: text('a Box folder: its ID, its link, or box:Path/Name', 'FOLDER', /\S/),
    group: FROM_TO,
    help: 'The Box folder for results',
    defaultText: 'a folder OCR inside the source',
  }),
  match: withDefault([], {
    kind: patterns,
    group: FROM_TO,
    help: 'Only PDFs whose path fits a pattern, such as "letters/**"',
    defaultText: 'all PDFs',
  }),
  recursive: withDefault(true, {
    kind: onOff,
    group: FROM_TO,
    help: 'Look into sub-folders too',
    offHelp: 'Stay out of sub-folders',
  }),
  onConflict: withDefault('stop', {
    needsTrust: true,
    kind: choice(CONFLICT_POLICIES),
    group: FROM_TO,
    help: 'When a name is taken by a file of somebody else',
  }),
  lang: withDefault('eng', {
    kind: languages,
    group: READING,
    help: 'Languages of the pages, such as deu+frk',
    alias: 'l',
  }),
  engine: withDefault('auto', {
    kind: choice(['auto', 'tesseract', 'tesseract.js'] as const, ENGINE_NAMES),
    group: READING,
    help: 'What reads the pages; auto prefers tesseract',
  }),
  tesseract: withoutDefault({
    kind: path('FILE'),
    group: READING,
    help: 'The tesseract program',
    defaultText: 'the one on PATH',
    notInProjectFile: true,
  }),
  mode: withDefault('skip', {
    kind: choice(TEXT_MODES),
    group: READING,
    help: 'Pages that have text: keep it, redo earlier OCR, read all',
  }),
  formats: withDefault(['txt', 'pdf'], {
    kind: choices(OUTPUT_FORMATS),
    group: READING,
    help: `Any of ${OUTPUT_FORMATS.join(',')}`,
  }),
  dpi: withDefault(300, { kind: integer(72, 1200), group: READING, help: 'Pixels an inch for pages that are drawn' }),
  jobs: withDefault('auto', {
    kind: integerOrAuto(1, 1024),
    group: RUNNING,
    help: 'Pages read at once',
    defaultText: 'the cores given to us',
    alias: 'j',
  }),
  executor: withDefault('local', {
    needsTrust: true,
    kind: choice(EXECUTOR_NAMES),
    group: RUNNING,
    help: 'Where pages are read: on this computer, or on a cluster',
  }),
  workDir: withDefault('~/ocr-runs', {
    needsTrust: true,
    kind: path('FOLDER'),
    group: RUNNING,
    help: 'Where run folders are kept',
  }),
  whenDone: withoutDefault({
    kind: text('a command', 'COMMAND', /\S/),
    group: RUNNING,
    help: 'A command to run at the end, with OCR_RUN, OCR_EXIT_CODE, OCR_SUMMARY and OCR_REPORT in its environment',
    notInProjectFile: true,
  }),
  share: withoutDefault({
    kind: choice(SHARING),
    group: RUNNING,
    help: 'Who else may read the run folder and go on with it: the group of the work folder',
    defaultText: 'none; a run that goes on stays as it is',
    needsTrust: true,
  }),
  pageTimeout: withDefault(DEFAULT_LIMITS.seconds, {
    kind: seconds(1, 86_400),
    group: LIMITS,
    help: 'Time after which a page fails',
  }),
  pageMegapixels: withDefault(DEFAULT_LIMITS.megapixels, {
    kind: integer(1, 2000),
    group: LIMITS,
    help: 'Largest page image, in million pixels',
  }),
  pageMemory: withDefault(DEFAULT_LIMITS.memoryMiB, {
    kind: integer(64, 1_048_576, 'MIB'),
    group: LIMITS,
    help: 'Memory of a page worker and its engine, in MiB',
  }),
  documentFailures: withDefault(DEFAULT_DOCUMENT_FAILURES, {
    kind: integer(1, 1_000_000),
    group: LIMITS,
    help: 'Pages of a document that may fail in a row at these limits before the rest of it is left',
  }),
  documentTimeout: withoutDefault({
    kind: seconds(1, 31_536_000),
    group: LIMITS,
    help: 'Time that all pages of a document may take together',
    defaultText: 'an hour, or a quarter of the page limit for each page',
  }),
  boxClientId: withoutDefault({
    kind: text('the client ID of a Box app', 'ID', /^\S+$/),
    group: BOX,
    help: 'The Box app that people log in to, often in the site file',
    notInProjectFile: true,
    flagless: true,
  }),
  boxClientSecret: withoutDefault({
    kind: secretText('the client secret of a Box app', /^\S+$/),
    group: BOX,
    help: 'Its secret; in the site file or the environment alone',
    notInProjectFile: true,
    flagless: true,
    secret: true,
  }),
  boxLoginFile: withoutDefault({
    kind: path('FILE'),
    group: BOX,
    help: 'Where the Box login is kept',
    defaultText: 'box.json beside your own settings file',
    notInProjectFile: true,
  }),
  boxCallsPerMinute: withDefault(1000, {
    kind: integer(1, 100_000),
    group: BOX,
    help: 'Calls to Box a minute, at most',
  }),
  boxUploadsPerMinute: withDefault(240, {
    kind: integer(1, 100_000),
    group: BOX,
    help: 'Files stored in Box a minute, at most',
  }),
  maxWait: withDefault(21_600, {
    kind: seconds(1, 604_800),
    group: BOX,
    help: 'How long to wait when Box says that it is busy',
  }),
  boxApiUrl: withDefault('https://api.box.com', {
    kind: text('a web address', 'URL', WEB_ADDRESS),
    group: BOX,
    help: "Box's API",
    notInProjectFile: true,
    flagless: true,
  }),
  boxUploadUrl: withDefault('https://upload.box.com/api', {
    kind: text('a web address', 'URL', WEB_ADDRESS),
    group: BOX,
    help: "Box's API for uploads",
    notInProjectFile: true,
    flagless: true,
  }),
  boxAccountUrl: withDefault('https://account.box.com/api/oauth2', {
    kind: text('a web address', 'URL', WEB_ADDRESS),
    group: BOX,
    help: 'Where people log in to Box',
    notInProjectFile: true,
    flagless: true,
  }),
  boxWebUrl: withDefault('https://app.box.com', {
    kind: text('a web address', 'URL', WEB_ADDRESS),
    group: BOX,
    help: 'Where people open Box in a browser',
    notInProjectFile: true,
    flagless: true,
  }),
  slurmAccount: withoutDefault({
    needsTrust: true,
    kind: text('the name of an account', 'NAME', SLURM_NAME),
    group: SLURM,
    key: 'slurm.account',
    flag: 'account',
    help: 'The account that pays',
    defaultText: "Slurm's default for you",
  }),
  slurmPartition: withoutDefault({
    needsTrust: true,
    kind: text('the name of a partition', 'NAME', SLURM_NAME),
    group: SLURM,
    key: 'slurm.partition',
    flag: 'partition',
    help: 'The partition whose nodes read pages',
    defaultText: "Slurm's default partition",
  }),
  slurmQos: withoutDefault({
    needsTrust: true,
    kind: text('the name of a QoS', 'NAME', SLURM_NAME),
    group: SLURM,
    key: 'slurm.qos',
    flag: 'qos',
    help: 'The quality of service',
    defaultText: 'that of the account',
  }),
  slurmTime: withoutDefault({
    needsTrust: true,
    kind: jobTime,
    group: SLURM,
    key: 'slurm.time',
    flag: 'time',
    help: 'Longest time a job may ask for, such as 90m, 3h or 1-12:00:00',
    defaultText: 'three times what is expected',
  }),
  slurmNodes: withDefault(1, {
    needsTrust: true,
    kind: integer(1, 10_000),
    group: SLURM,
    key: 'slurm.nodes',
    flag: 'nodes',
    help: 'Jobs beside each other; on partitions of whole nodes, nodes',
  }),
  slurmCores: withDefault('auto', {
    needsTrust: true,
    kind: integerOrAuto(1, 1024),
    group: SLURM,
    key: 'slurm.cores',
    flag: 'cores',
    help: 'Cores of a job, where nodes are shared',
    defaultText: 'all of a whole node, else 8',
  }),
  slurmSbatchOptions: withDefault([], {
    kind: sbatchOptions,
    group: SLURM,
    key: 'slurm.sbatch-options',
    flag: 'sbatch-option',
    help: 'More that the cluster asks for, such as reservation=NAME; repeat it for several',
    defaultText: 'none',
    notInProjectFile: true,
  }),
  slurmImage: withoutDefault({
    kind: path('FILE'),
    group: SLURM,
    key: 'slurm.image',
    flag: 'image',
    help: 'The container image that reads pages on the nodes',
    defaultText: 'none: this program itself, which nodes must see',
    notInProjectFile: true,
  }),
  slurmSite: withoutDefault({
    kind: text('the name of a site, or a file that describes one', 'SITE', /\S/),
    group: SLURM,
    key: 'slurm.site',
    flag: 'site',
    help: 'Rates and partitions of a cluster: savio, or a file',
    notInProjectFile: true,
  }),
  slurmPoll: withDefault(15, {
    kind: seconds(1, 3_600),
    group: SLURM,
    key: 'slurm.poll',
    help: 'Time between questions to Slurm; grows to four times while nothing happens',
    flagless: true,
  }),
  slurmGather: withDefault(120, {
    kind: seconds(1, 86_400),
    group: SLURM,
    key: 'slurm.gather',
    help: 'How long pages wait for more before a job is submitted for them',
    flagless: true,
  }),
  slurmPatience: withDefault(300, {
    kind: seconds(1, 86_400),
    group: SLURM,
    key: 'slurm.patience',
    help: 'How long a job may be gone without a trace before its work is submitted again',
    flagless: true,
  }),
  progress: withDefault('auto', { kind: choice(PROGRESS_STYLES), group: TALK, help: 'How progress is shown' }),
  logLevel: withDefault('info', {
    kind: choice(LOG_LEVELS),
    group: TALK,
    help: 'What is worth a line; debug adds causes of errors',
  }),
} as const;

export type SettingName = keyof typeof DRAFTS;

type DraftValue<D> = D extends { readonly kind: Kind<infer T>; readonly defaultValue: infer V }
  ? V extends undefined
    ? T | undefined
    : T
  : never;

/** The settings of one invocation, resolved: paths are absolute. */
export type Settings = { readonly [K in SettingName]: DraftValue<(typeof DRAFTS)[K]> };

/** `workDir` becomes `work-dir`. */
function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function complete(name: string, draft: Draft<unknown> & { readonly defaultValue: unknown }): Setting<unknown> {
  const key = draft.key ?? kebab(name);
  const { flag = key, notInProjectFile = false, needsTrust = false, flagless = false, secret = false } = draft;
  return { ...draft, key, flag, notInProjectFile, needsTrust, flagless, secret };
}

/** Every setting by name. Flags, environment, files, help and documentation are all made from this. */
export const SETTINGS = Object.fromEntries(
  // Each kind reads and shows its own values only, so that forgetting the type of the values here is safe.
  Object.entries(DRAFTS).map(([name, draft]) => [
    name,
    complete(name, draft as unknown as Parameters<typeof complete>[1]),
  ]),
) as unknown as { readonly [K in SettingName]: Setting<unknown> };

/** All names, in the order of the table. */
export const SETTING_NAMES = Object.keys(SETTINGS) as readonly SettingName[];

/** The environment variable of a setting: `OCR_PIPELINE_WORK_DIR`. */
export function environmentName(setting: Pick<Setting<unknown>, 'key'>): string {
  return `OCR_PIPELINE_${setting.key.replaceAll(/[-.]/g, '_').toUpperCase()}`;
}
