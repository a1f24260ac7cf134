import type Sharp from 'sharp';

let loaded: Promise<typeof Sharp> | undefined;

/** Loads sharp once, on first use. One thread an image, as pages run side by side, and no cache: no page comes twice. */
export function loadSharp(): Promise<typeof Sharp> {
  loaded ??= import('sharp').then(({ default: sharp }) => {
    sharp.concurrency(1);
    sharp.cache(false);
    return sharp;
  });
  return loaded;
}
