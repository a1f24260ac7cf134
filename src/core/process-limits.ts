/** A limit of this shell, account or machine that ends page workers. */
export interface SuspectedLimit {
  /** Stable, part of an error's code. */
  readonly kind: 'MEMORY' | 'PROCESSES' | 'FILES' | 'FILE_SIZE' | 'CPU_TIME';
  /** In words: `memory (ulimit -v 2000000)`. */
  readonly name: string;
  readonly remedy: string;
  /** The system itself says so, or the limit is set that low; false where only words point to it. */
  readonly isSure: boolean;
}

/** How a worker, or what it started, came to its end. */
export interface WorkerEnd {
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  /** Why it could not be started, an errno name: `EAGAIN`. */
  readonly startError?: string | undefined;
  /** What it wrote to its standard error, or the words of the error it gave. */
  readonly words: string;
}

/** Soft limits that are set, by their names in proc(5), /proc/pid/limits. */
export type SetLimits = ReadonlyMap<string, number>;

/** Reads a `/proc/<pid>/limits`; what is unlimited is left out. */
export function parseLimits(text: string): SetLimits {
  const limits = new Map<string, number>();
  for (const line of text.split('\n')) {
    const match = /^Max (.+?)\s{2,}(\d+)\s/.exec(line);
    if (match?.[1] !== undefined) limits.set(match[1], Number(match[2]));
  }
  return limits;
}

const GIB = 2 ** 30;
/** A worker reserves far more addresses than it uses; below this it may not even start. */
const ENOUGH_ADDRESSES = 32 * GIB;
/** Threads of a few workers and their engines, beside what else the account runs. */
const ENOUGH_PROCESSES = 512;
const ENOUGH_FILES = 128;

interface Kind {
  readonly kind: SuspectedLimit['kind'];
  readonly what: string;
  /** Names in `/proc`, how `ulimit` calls them and in which unit, and from which value they cannot be the reason. */
  readonly limits: readonly (readonly [proc: string, flag: string, unit: number, enough: number])[];
  /** What an end looks like that this limit caused. */
  readonly marks: { readonly signals: readonly string[]; readonly codes: readonly number[]; readonly words: RegExp };
  /** What to do where no `ulimit` is to blame. */
  readonly remedy: string;
}

// setrlimit(2): which signal or errno each limit ends in. 128 + signal is how a shell or container tells of a signal.
const KINDS: readonly Kind[] = [
  {
    kind: 'CPU_TIME',
    what: 'CPU time',
    limits: [['cpu time', '-t', 1, Infinity]],
    marks: { signals: ['SIGXCPU'], codes: [152], words: /SIGXCPU|CPU time limit/i },
    remedy: 'Run it where CPU time is not limited: as a batch job, for example.',
  },
  {
    kind: 'FILE_SIZE',
    what: 'the size of files',
    limits: [['file size', '-f', 1024, Infinity]],
    marks: { signals: ['SIGXFSZ'], codes: [153], words: /SIGXFSZ|EFBIG|file too large/i },
    remedy: 'Run it where the size of files is not limited.',
  },
  {
    kind: 'FILES',
    what: 'open files',
    limits: [['open files', '-n', 1, ENOUGH_FILES]],
    marks: { signals: [], codes: [], words: /\bE[MN]FILE\b|too many open files/i },
    remedy: 'Allow more open files: ulimit -n 1024',
  },
  {
    kind: 'PROCESSES',
    what: 'processes',
    limits: [['processes', '-u', 1, ENOUGH_PROCESSES]],
    marks: {
      signals: [],
      codes: [],
      words: /\bEAGAIN\b|resource temporarily unavailable|(?:thread|fork).{0,60}(?:failed|EAGAIN|unavailable)/i,
    },
    remedy: 'End other programs of yours on this machine, or give --jobs a lower number.',
  },
  {
    kind: 'MEMORY',
    what: 'memory',
    limits: [
      ['address space', '-v', 1024, ENOUGH_ADDRESSES],
      ['data size', '-d', 1024, ENOUGH_ADDRESSES],
    ],
    marks: {
      signals: ['SIGKILL'],
      codes: [137],
      words: /out of memory|\bENOMEM\b|cannot allocate|bad_alloc|allocation failed|failed to reserve|SIGKILL/i,
    },
    remedy: 'Run it where there is more memory, or give --jobs a lower number.',
  },
];

/**
 * Names the limit that most likely ended a worker: what its end shows, else one that is set so low that no worker can do with
 * it. Undefined where nothing points to one.
 */
export function suspectLimit(end: WorkerEnd, limits: SetLimits): SuspectedLimit | undefined {
  const text = `${end.startError ?? ''} ${end.words}`;
  const lowOf = (kind: Kind) => kind.limits.find(([proc, , , enough]) => (limits.get(proc) ?? Infinity) < enough);
  const isTold = ({ marks }: Kind): boolean =>
    marks.signals.includes(end.signal ?? '') ||
    marks.codes.includes(end.exitCode ?? -1) ||
    marks.words.test(end.startError ?? '');
  const shown = KINDS.find(isTold) ?? KINDS.find(({ marks }) => marks.words.test(text));
  const kind = shown ?? KINDS.find((each) => each.kind !== 'CPU_TIME' && each.kind !== 'FILE_SIZE' && lowOf(each));
  if (!kind) return undefined;
  const low = lowOf(kind);
  if (!low) return { kind: kind.kind, name: kind.what, remedy: kind.remedy, isSure: isTold(kind) };
  const [proc, flag, unit] = low;
  const value = Math.floor((limits.get(proc) ?? 0) / unit);
  return {
    kind: kind.kind,
    name: `${kind.what} (ulimit ${flag} ${value})`,
    isSure: true,
    remedy: `ulimit ${flag} unlimited   or as much as you may; then the same command. Login nodes often have such limits, compute nodes seldom.`,
  };
}
