import type Sharp from 'sharp';

let loaded: Promise<typeof Sharp> | undefined;

/** Loads sharp once, on first use. One thread an image, as pages run side by side, and no cache: no page comes twice. */
export function loadSharp(): Promise<typeof Sharp> {
  loaded ??= load().catch((error: unknown) => {
    // What this machine refuses now it may grant for the next page.
    loaded = undefined;
    throw error;
  });
  return loaded;
}

async function load(): Promise<typeof Sharp> {
  const { default: sharp } = await import('sharp');
  sharp.concurrency(1);
  sharp.cache(false);
  return sharp;
}
