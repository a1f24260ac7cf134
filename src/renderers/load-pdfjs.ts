import { createRequire } from 'node:module';
import path from 'node:path';
import type * as Pdfjs from 'pdfjs-dist/legacy/build/pdf.mjs';

/** The part of a canvas that drawing needs. */
export interface DrawingCanvas {
  /** The pixels as RGBA, rows top to bottom. */
  data(): Uint8Array;
  getContext(kind: '2d'): unknown;
  width: number;
  height: number;
}

interface CanvasModule {
  createCanvas(widthPx: number, heightPx: number): DrawingCanvas;
  readonly DOMMatrix: unknown;
  readonly ImageData: unknown;
  readonly Path2D: unknown;
}

/** pdf.js and the canvas it draws on. */
export interface LoadedPdfjs {
  readonly pdfjs: typeof Pdfjs;
  readonly createCanvas: (widthPx: number, heightPx: number) => DrawingCanvas;
  /** The package's folder, with a closing slash: decoders, character maps and standard fonts are below it. */
  readonly packageFolder: string;
}

/**
 * How large an image pdf.js may decode whole, as bytes of RGBA: any; what is too large is refused before. pdf.js keeps
 * the first number it is given, so all documents must have the same.
 */
export const MAX_CANVAS_BYTES = 2 ** 31 - 1;

const requireHere = createRequire(import.meta.url);
let loaded: Promise<LoadedPdfjs> | undefined;

/** The folder of the pdfjs-dist package, with a closing slash. */
export function pdfjsFolder(): string {
  return path.dirname(requireHere.resolve('pdfjs-dist/package.json')) + path.sep;
}

/** Loads pdf.js once, on first use: it takes a third of a second and some 40 MB that pages taken as they are need not. */
export function loadPdfjs(): Promise<LoadedPdfjs> {
  loaded ??= load().catch((error: unknown) => {
    // What this machine refuses now it may grant for the next page.
    loaded = undefined;
    throw error;
  });
  return loaded;
}

async function load(): Promise<LoadedPdfjs> {
  const packageFolder = pdfjsFolder();
  // The very copy pdf.js itself would load: paths of one copy cannot be drawn on the canvas of another.
  const canvas = createRequire(`${packageFolder}package.json`)('@napi-rs/canvas') as CanvasModule;
  provideGlobals(canvas);
  const pdfjs = await import('pdfjs-dist/legacy/build/pdf.mjs');
  return { pdfjs, createCanvas: (widthPx, heightPx) => canvas.createCanvas(widthPx, heightPx), packageFolder };
}

/**
 * pdf.js measures with an OffscreenCanvas how large images may be, and without one takes 2048 pixels: it would decode
 * larger JPEG 2000 images at half their resolution.
 */
function provideGlobals(canvas: CanvasModule): void {
  class MeasuringCanvas {
    readonly #canvas: DrawingCanvas;
    constructor(widthPx: number, heightPx: number) {
      this.#canvas = canvas.createCanvas(widthPx, heightPx);
    }
    set width(widthPx: number) {
      this.#canvas.width = widthPx;
    }
    set height(heightPx: number) {
      this.#canvas.height = heightPx;
    }
    getContext(kind: '2d'): unknown {
      return this.#canvas.getContext(kind);
    }
  }
  const globals = globalThis as Record<string, unknown>;
  globals['DOMMatrix'] ??= canvas.DOMMatrix;
  globals['ImageData'] ??= canvas.ImageData;
  globals['Path2D'] ??= canvas.Path2D;
  globals['OffscreenCanvas'] ??= MeasuringCanvas;
}
