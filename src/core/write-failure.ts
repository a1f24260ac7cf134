import { explainErrno, readErrno, type ErrnoKind, RAISE_LIMIT } from './errno.ts';
import { OutputError, PipelineError, type ErrorScope } from './errors.ts';

/** What is known of a write beside its error. */
export interface WriteFacts {
  /** The environment's unless the caller knows better. */
  readonly scope?: ErrorScope | undefined;
  /** The flag that names another disk for it; absent: none does. */
  readonly flag?: '--work-dir' | '--output' | undefined;
  /** What was to be written. */
  readonly neededBytes?: number | undefined;
  /** The disk that is full. */
  readonly disk?: { readonly mount: string; readonly freeBytes: number } | undefined;
}

/** What helps, by what the refusal is about. */
const REMEDIES: Partial<Readonly<Record<ErrnoKind, string>>> = {
  limit: RAISE_LIMIT,
  passing: 'The same command again, when the disk answers.',
};

/** Refusals that several items in a row cannot have of themselves. */
const OF_DISK: readonly ErrnoKind[] = ['room', 'limit', 'passing', 'unsupported', 'odd'];

/** Says in a person's words why a write failed, from its errno; errors that are not the system's pass unchanged. */
export function asOutputError(error: unknown, path: string, facts: WriteFacts = {}): unknown {
  const system = error instanceof PipelineError ? undefined : readErrno(error);
  if (!system) return error;
  const safe = 'Finished pages are kept; no file was left half-written.';
  const { scope, flag } = facts;
  const elsewhere = flag === undefined ? '' : `, or give ${flag} on another disk`;
  const inARow = OF_DISK.includes(system.kind) ? 'environment' : undefined;
  const details = { cause: error, scope, inARow } as const;
  switch (system.name) {
    case 'ENOSPC': {
      const remedy = `Make room there${elsewhere}; then the same command.`;
      return new OutputError(
        'DISK_FULL',
        `No room left on the disk of ${path}${roomOf(facts)}.`,
        { safe, remedy },
        details,
      );
    }
    case 'EDQUOT': {
      const remedy = `Remove files of yours there${flag === '--work-dir' ? `, or give ${flag} on scratch` : elsewhere}; then the same command.`;
      const message = `Your quota on the disk of ${path} is used up${roomOf(facts)}.`;
      return new OutputError('DISK_QUOTA', message, { safe, remedy }, details);
    }
    default: {
      const remedy =
        system.kind === 'name'
          ? `Rename it${elsewhere}; then the same command.`
          : (REMEDIES[system.kind] ?? 'Check that the folder exists and may be written to, then the same command.');
      return new OutputError(
        'WRITE_FAILED',
        `Cannot write ${path}: ${explainErrno(error)}.`,
        { safe, remedy },
        details,
      );
    }
  }
}

/** `, mounted at /data: 12 kB free, 3.4 MB needed` */
function roomOf({ disk, neededBytes }: WriteFacts): string {
  const parts = [
    disk === undefined ? '' : `${formatBytes(disk.freeBytes)} free`,
    neededBytes === undefined ? '' : `${formatBytes(neededBytes)} needed`,
  ].filter((part) => part !== '');
  const where = disk === undefined ? '' : `, mounted at ${disk.mount}`;
  return parts.length === 0 ? where : `${where}: ${parts.join(', ')}`;
}

const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB'] as const;

function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  for (; value >= 1_000 && unit < UNITS.length - 1; unit++) value /= 1_000;
  return `${value >= 10 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}
