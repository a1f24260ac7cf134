/** Which results this run, and others into the same destination, have delivered, and who works on which content. */
export class Ownership {
  readonly #delivered: Set<string>;
  readonly #contents = new Map<string, Promise<void>>();

  /** `delivered` are SHA-1s of outputs that came from us before. */
  constructor(delivered: Iterable<string>) {
    this.#delivered = new Set(delivered);
  }

  /** Whether bytes with this SHA-1 came from us, and may be replaced by newer ones. */
  isOurs(sha1: string): boolean {
    return this.#delivered.has(sha1);
  }

  /** Notes SHA-1s of outputs as ours. */
  add(sha1s: Iterable<string>): void {
    for (const sha1 of sha1s) this.#delivered.add(sha1);
  }

  /** Runs `work` alone among those of the same content: a document that is there twice is read once. */
  async alone<T>(sha1: string, work: () => Promise<T>): Promise<T> {
    const before = this.#contents.get(sha1) ?? Promise.resolve();
    const mine = before.then(work);
    const settled = mine.then(
      () => undefined,
      () => undefined,
    );
    this.#contents.set(sha1, settled);
    try {
      return await mine;
    } finally {
      if (this.#contents.get(sha1) === settled) this.#contents.delete(sha1);
    }
  }

  /** Whether a document of the same content is being worked on. */
  isWorkedOn(sha1: string): boolean {
    return this.#contents.has(sha1);
  }
}
