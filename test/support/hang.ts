/**
 * What any one program or wait in a test may take, in milliseconds. It ends what hangs and measures nothing: a machine with
 * other work beside is ten times slower. A test as a whole may take twice as long (vitest.config.ts).
 */
export const HANG_MS = 600_000;
