const UNITS = { day: 86_400, hour: 3_600, minute: 60 } as const;

/**
 * Reads a time of Slurm's: `10`, `10:30`, `2:00:00`, `3-00:00:00`, `1-12`. A lone number is minutes, as sbatch(1) has it.
 * @returns seconds; undefined for no limit (`UNLIMITED`, `infinite`) and for what is no time.
 */
export function parseSlurmDuration(text: string): number | undefined {
  const fit = /^(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?$/.exec(text.trim());
  if (!fit) return undefined;
  const [, days, first = '0', second, third] = fit;
  if (days !== undefined)
    return (
      Number(days) * UNITS.day + Number(first) * UNITS.hour + Number(second ?? 0) * UNITS.minute + Number(third ?? 0)
    );
  if (third !== undefined) return Number(first) * UNITS.hour + Number(second) * UNITS.minute + Number(third);
  return Number(first) * UNITS.minute + Number(second ?? 0);
}

/** Writes minutes as sbatch(1) takes them: `2:05:00`, `3-00:00:00`. Whole minutes, at least one. */
export function formatSlurmDuration(minutes: number): string {
  const whole = Math.max(1, Math.ceil(minutes));
  const days = Math.floor(whole / 1_440);
  const hours = Math.floor((whole % 1_440) / 60);
  const clock = `${days > 0 ? String(hours).padStart(2, '0') : hours}:${String(whole % 60).padStart(2, '0')}:00`;
  return days > 0 ? `${days}-${clock}` : clock;
}
