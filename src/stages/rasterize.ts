import { decideText, type PageText } from '../core/text-layer.ts';
import type { PageImage } from '../core/page.ts';
import type { RecognitionSettings } from '../core/settings.ts';
import type { OpenDocument } from '../renderers/page-renderer.ts';

/** A page ready to be read, or one whose own text is kept. */
export type RasterizedPage =
  | {
      readonly kind: 'image';
      readonly image: PageImage;
      /** The PDF's invisible text is to be taken out when the new text goes in. */
      readonly replacesText: boolean;
    }
  | { readonly kind: 'kept'; readonly text: PageText };

/**
 * Turns one page into its page image, unless it has a real text layer that the mode keeps.
 * @throws {PageError} the page cannot be rendered; trying again will not help.
 */
export async function rasterize(
  document: OpenDocument,
  pageNumber: number,
  settings: Pick<RecognitionSettings, 'mode' | 'dpi'>,
  signal: AbortSignal,
): Promise<RasterizedPage> {
  const text = await document.readText(pageNumber, signal);
  const decision = decideText(text, settings.mode);
  if (decision === 'keep') return { kind: 'kept', text };
  const image = await document.render(pageNumber, settings.dpi, signal);
  return { kind: 'image', image, replacesText: decision === 'replace' };
}
