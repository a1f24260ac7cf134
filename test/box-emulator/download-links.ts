import { randomBytes } from 'node:crypto';
import type { EmulatorClock } from './clock.ts';

// Box, "Download file": the address is good for 15 minutes.
const LINK_MS = 15 * 60_000;

export interface DownloadTarget {
  readonly fileId: string;
  readonly versionId: string;
}

/** Signed addresses on the download host: good for one version of one file, for a while, for whoever holds them. */
export class DownloadLinks {
  readonly #links = new Map<string, DownloadTarget & { expiresAtMs: number }>();
  readonly #clock: EmulatorClock;
  readonly #secrets: Set<string>;

  constructor(clock: EmulatorClock, secrets: Set<string>) {
    this.#clock = clock;
    this.#secrets = secrets;
  }

  sign(target: DownloadTarget): string {
    const signature = randomBytes(24).toString('base64url');
    this.#links.set(signature, { ...target, expiresAtMs: this.#clock.nowMs() + LINK_MS });
    this.#secrets.add(signature);
    return signature;
  }

  /** What an address stands for; undefined when it is unknown or its time is over. */
  resolve(signature: string): DownloadTarget | undefined {
    const link = this.#links.get(signature);
    return link && link.expiresAtMs > this.#clock.nowMs() ? link : undefined;
  }

  expireAll(): void {
    this.#links.clear();
  }
}
