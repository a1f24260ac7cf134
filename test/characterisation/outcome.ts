import { setTimeout as sleep } from 'node:timers/promises';

export type Outcome =
  | { readonly state: 'pending' }
  | { readonly state: 'fulfilled'; readonly value: unknown }
  | { readonly state: 'rejected'; readonly error: unknown };

/** What has become of a promise after a while, however it behaves. */
export async function outcomeAfter(promise: Promise<unknown>, waitMs: number): Promise<Outcome> {
  return Promise.race([
    promise.then(
      (value): Outcome => ({ state: 'fulfilled', value }),
      (error: unknown): Outcome => ({ state: 'rejected', error }),
    ),
    sleep(waitMs, { state: 'pending' } as const, { ref: false }),
  ]);
}
