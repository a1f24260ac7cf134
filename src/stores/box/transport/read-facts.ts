/** Box stores no larger files; a size beyond is none (developer.box.com, Account limits: 500 GB). */
export const MAX_FILE_BYTES = 1024 ** 4;

/** Whether a text is an ID of Box: digits alone, so that it means the same in any address. */
export function isBoxId(text: string): boolean {
  return /^\d{1,20}$/.test(text);
}

/** A whole number from outside within a range; undefined where it is anything else. */
export function readWhole(value: unknown, least: number, most: number): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most
    ? value
    : undefined;
}
