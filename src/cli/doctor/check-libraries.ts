import type { Check } from './finding.ts';

/** The parts that come as machine code, or are large: the ones an installation lacks when it went wrong. */
const LIBRARIES: readonly (readonly [name: string, load: () => Promise<unknown>])[] = [
  ['pdf.js', () => import('pdfjs-dist/legacy/build/pdf.mjs')],
  ['canvas', () => import('@napi-rs/canvas')],
  ['sharp', () => import('sharp')],
];

export const checkLibraries: Check = {
  id: 'libraries',
  title: 'Libraries',
  async run() {
    const broken: string[] = [];
    for (const [name, load] of LIBRARIES) await load().catch(() => broken.push(name));
    if (broken.length === 0) return { status: 'ok', detail: `${LIBRARIES.map(([name]) => name).join(', ')} load` };
    return {
      status: 'fail',
      detail: `${broken.join(', ')} cannot be loaded on ${process.platform} ${process.arch}`,
      remedy: {
        text: 'Install the program again on this machine, so that it gets the parts made for it.',
        commands: ['npm install'],
      },
    };
  },
};
