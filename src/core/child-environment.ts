/** Variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Milliseconds the null engine takes for a page, so that tests can catch it in the act; of several, separated by commas,
 * each page has its own.
 */
export const NULL_DELAY_VARIABLE = 'OCR_PIPELINE_NULL_DELAY_MS';
/** A file that says how many pages the null engine may read, in all processes together; see engines/page-gate.ts. */
export const NULL_GATE_VARIABLE = 'OCR_PIPELINE_NULL_GATE';
/** What tests alone set. */
export const NULL_VARIABLES = [NULL_DELAY_VARIABLE, NULL_GATE_VARIABLE] as const;

/**
 * What a child program is, which decides what it needs of our environment.
 *
 * - `page-worker`: a process of ours that reads pages; it starts engines.
 * - `engine`: Tesseract and its like, and whatever else works on a person's files.
 * - `slurm`: Slurm's own programs. What they get is what jobs get.
 * - `container`: Apptainer or Singularity on this machine.
 * - `desktop`: a program that a person looks at: the browser.
 * - `command`: a program that a person named in a setting.
 */
export type ChildKind = 'page-worker' | 'engine' | 'slurm' | 'container' | 'desktop' | 'command';

/** What any program needs to start, and to know where it is. */
const BASE = ['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'TZ', 'LD_LIBRARY_PATH'] as const;

/** What programs on this machine need beside: a person's language, a place for temporary files. */
const LOCAL = [
  ...BASE,
  'LANG',
  'LC_*',
  'TMPDIR',
  'DYLD_LIBRARY_PATH',
  'DYLD_FALLBACK_LIBRARY_PATH',
  // Windows starts nothing without the first; the others are its HOME, TMPDIR and PATH.
  'SYSTEMROOT',
  'WINDIR',
  'TEMP',
  'TMP',
  'USERPROFILE',
  'APPDATA',
  'LOCALAPPDATA',
  'COMSPEC',
  'PATHEXT',
  'PROGRAMFILES*',
] as const;

const ENGINE = [...LOCAL, 'TESSDATA_PREFIX', 'XDG_CACHE_HOME', 'FONTCONFIG_FILE', 'FONTCONFIG_PATH'] as const;

const SCREEN = ['DISPLAY', 'XAUTHORITY', 'WAYLAND_DISPLAY', 'DBUS_SESSION_BUS_ADDRESS', 'BROWSER', 'XDG_*'] as const;

/** What each kind needs. A `*` at the end stands for any ending. */
const NEEDED: Readonly<Record<ChildKind, readonly string[]>> = {
  'page-worker': [...ENGINE, 'OCR_PIPELINE_TESSERACT', ...NULL_VARIABLES, 'NODE_COMPILE_CACHE', 'NODE_V8_COVERAGE'],
  engine: ENGINE,
  // Jobs get the same: nothing of it may hold for this machine alone, such as TMPDIR.
  slurm: [...BASE, 'SLURM_CONF', 'SLURM_CONF_SERVER', 'SLURM_CLUSTERS'],
  container: [
    ...LOCAL,
    'XDG_*',
    'APPTAINER_CACHEDIR',
    'APPTAINER_TMPDIR',
    'SINGULARITY_CACHEDIR',
    'SINGULARITY_TMPDIR',
  ],
  desktop: [...LOCAL, ...SCREEN],
  command: [...LOCAL, ...SCREEN],
};

/** Never passed on, whatever the lists above come to: what logs in to Box, and what its name calls secret. */
const SECRET = /^BOX_|_BOX_|SECRET|TOKEN|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|API_?KEY|PRIVATE_?KEY|JWT/i;

/**
 * Builds the whole environment of a child program: what its kind needs of ours, and nothing else. Every program and process
 * that is started gets its environment from here, so that no login to Box reaches one. Pure.
 * @param own variables that the child gets whatever ours are; not for secrets either.
 */
export function childEnvironment(
  kind: ChildKind,
  environment: Environment,
  own: Environment = {},
): Record<string, string> {
  const exact = new Set<string>();
  const beginnings: string[] = [];
  for (const name of NEEDED[kind]) {
    if (name.endsWith('*')) beginnings.push(name.slice(0, -1));
    else exact.add(name);
  }
  // Windows has names in any case.
  const isNeeded = (name: string): boolean =>
    exact.has(name.toUpperCase()) || beginnings.some((beginning) => name.toUpperCase().startsWith(beginning));
  const child: Record<string, string> = {};
  for (const [name, value] of [
    ...Object.entries(environment).filter(([key]) => isNeeded(key)),
    ...Object.entries(own),
    // Threads of its own make Tesseract slower, and take cores from its neighbours.
    ...(kind === 'page-worker' || kind === 'engine' ? [['OMP_THREAD_LIMIT', '1'] as const] : []),
    // What Slurm's programs say is read.
    ...(kind === 'slurm' ? [['LC_ALL', 'C'] as const] : []),
  ]) {
    if (value !== undefined && !SECRET.test(name)) child[name] = value;
  }
  return child;
}

/** True where a variable logs in to Box, or has a name that calls it secret. */
export function isSecretVariable(name: string): boolean {
  return SECRET.test(name);
}
