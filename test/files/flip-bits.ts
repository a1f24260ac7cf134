/** Every way to flip one bit of some bytes, or of each `every`-th of them. */
export function* flipBits(bytes: Buffer, every = 1): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += every) {
    for (let bit = 0; bit < 8; bit++) {
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << bit);
      yield flipped;
    }
  }
}
