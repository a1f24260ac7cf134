import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { PageError } from '../core/errors.ts';
import type { PageImage, RecognizedPage, Word } from '../core/page.ts';
import { splitLanguages } from './languages.ts';
import type { EngineIdentity, OcrEngine, RecognizeOptions } from './ocr-engine.ts';
import { passGate } from './page-gate.ts';
import { checkImage } from './write-pnm.ts';

const LINES = 4;
const WORDS_A_LINE = 4;

/** An engine that reads nothing: what it answers is made of the image's digest and size, so that it tells pages apart. */
export class NullEngine implements OcrEngine {
  readonly identity: EngineIdentity;
  readonly #delaysMs: readonly number[];
  readonly #gate: string | undefined;
  readonly #closed = new AbortController();

  /** `delaysMs`: how long pages take, each its own of these; `gate`: what they wait for, see {@link passGate}. */
  constructor(language: string, delaysMs: readonly number[] = [0], gate?: string) {
    this.identity = identifyNull(language);
    this.#delaysMs = delaysMs;
    this.#gate = gate;
  }

  async recognize(image: PageImage, options: RecognizeOptions, signal: AbortSignal): Promise<RecognizedPage> {
    signal.throwIfAborted();
    checkImage(image);
    const digest = createHash('sha256')
      .update(`${image.widthPx} ${image.heightPx} ${image.bitsPerPixel} ${options.pageSegMode}\n`)
      .update(image.data)
      .digest('hex');
    const stop = AbortSignal.any([signal, this.#closed.signal]);
    try {
      // The digest decides, so that a page takes as long wherever and whenever it is read.
      await sleep(this.#delaysMs[Number.parseInt(digest.slice(0, 8), 16) % this.#delaysMs.length] ?? 0, undefined, {
        signal: stop,
      });
      if (this.#gate !== undefined) await passGate(this.#gate, stop);
    } catch {
      stop.throwIfAborted();
    }
    return layOut(digest, image);
  }

  close(): Promise<void> {
    this.#closed.abort(new PageError('ENGINE_CLOSED', 'The OCR engine was closed while it read this page.'));
    return Promise.resolve();
  }
}

/** Sixteen words of four digits each, in four lines over the whole image. */
function layOut(digest: string, { widthPx, heightPx }: PageImage): RecognizedPage {
  const box = [0, 0, widthPx, heightPx] as const;
  const lines = Array.from({ length: LINES }, (_, line) => {
    const top = Math.floor((line * heightPx) / LINES);
    const bottom = Math.floor(((line + 1) * heightPx) / LINES);
    const words = Array.from({ length: WORDS_A_LINE }, (_unused, index): Word => {
      const left = Math.floor((index * widthPx) / WORDS_A_LINE);
      const right = Math.floor(((index + 1) * widthPx) / WORDS_A_LINE);
      const start = (line * WORDS_A_LINE + index) * 4;
      return { text: digest.slice(start, start + 4), box: [left, top, right, bottom], confidence: 90 };
    });
    return { box: [0, top, widthPx, bottom] as const, baseline: [0, 0] as const, words };
  });
  return { blocks: [{ box, paragraphs: [{ box, direction: 'ltr', lines }] }] };
}

/** What the null engine is for the recipe. It has every language. */
export function identifyNull(language: string): EngineIdentity {
  const models = splitLanguages(language).map(
    (code) => [code, createHash('sha256').update(code).digest('hex')] as const,
  );
  return { name: 'null', version: '1', models: Object.fromEntries(models) };
}
