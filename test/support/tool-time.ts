import { availableParallelism, loadavg } from 'node:os';

/** Milliseconds that a tool gets to end: what is ample on a quiet machine, times the processes that now wait for each core. */
export function toolTimeMs(quietMs: number): number {
  const [load = 0] = loadavg();
  return Math.round(quietMs * Math.max(1, 1 + load / availableParallelism()));
}
