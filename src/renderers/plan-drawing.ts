import type { PdfFile } from '../pdf/pdf-file.ts';
import type { BoxPt } from '../pdf/page-geometry.ts';
import type { PdfStream } from '../pdf/pdf-value.ts';
import { describeImage, type ImageDescription } from './describe-image.ts';
import { tooLarge } from './image-limits.ts';
import { isAxisAligned, resolutionOf, shownBox, type ImageMark, type PageContent } from './page-content.ts';
import type { PagePlace } from './page-frame.ts';

/** More images than this are pieces of drawings; their resolution says nothing. */
const MAX_IMAGES = 500;

/** What pdf.js and the canvas hold while an image is drawn. */
const MAX_IMAGE_BYTES = 640e6;

/** Above it letters do not get clearer to an engine, only larger. */
const MAX_NATIVE_DPI = 600;

/** Images count as the page's ground when those of one resolution cover this share of it. */
const GROUND_SHARE = 0.25;

interface MeasuredImage {
  readonly mark: ImageMark;
  readonly description: ImageDescription;
}

/** What is asked of a drawing. */
export interface DrawingRequest {
  readonly dpi: number;
  readonly pageNumber: number;
  /** Whether annotations show on the page. */
  readonly hasMore: boolean;
}

/**
 * The resolution at which a page is best drawn: that of the scans on it, where they cover much of it; not under `dpi`
 * where there is more than level scans to see.
 * @throws {PageError} `PAGE_TOO_LARGE`: an image would take too much memory to draw.
 */
export async function planDrawing(
  pdf: PdfFile,
  content: PageContent,
  place: PagePlace,
  { dpi, pageNumber, hasMore }: DrawingRequest,
): Promise<number> {
  const images = await measureImages(pdf, content);
  for (const { description } of images) checkCost(description, pageNumber);
  const native = groundDpi(images, place);
  if (native === undefined) return dpi;
  return isOnlyLevelScans(content) && !hasMore ? native : Math.max(dpi, native);
}

async function measureImages(pdf: PdfFile, content: PageContent): Promise<MeasuredImage[]> {
  const known = new Map<PdfStream, ImageDescription | undefined>();
  const images: MeasuredImage[] = [];
  for (const mark of content.marks) {
    if (mark.kind !== 'image' || !mark.stream) continue;
    if (!known.has(mark.stream)) {
      if (known.size >= MAX_IMAGES) break;
      known.set(mark.stream, await describeImage(pdf, mark.stream));
    }
    const description = known.get(mark.stream);
    if (description) images.push({ mark, description });
  }
  return images;
}

function checkCost(description: ImageDescription, pageNumber: number): void {
  const { widthPx, heightPx, bitsPerComponent, space } = description;
  const isGrey = typeof space === 'object' && space.kind === 'grey';
  // Samples, decoder's coefficients, RGB and RGBA copies.
  const bytesPerPixel = isGrey ? (bitsPerComponent === 1 ? 5 : 10) : 16;
  const pixels = Math.floor(MAX_IMAGE_BYTES / bytesPerPixel);
  if (widthPx * heightPx > pixels) throw tooLarge(widthPx, heightPx, { pixels, pageNumber });
}

/** The highest resolution of those whose images cover a good part of the page. */
function groundDpi(images: readonly MeasuredImage[], place: PagePlace): number | undefined {
  const pageArea = areaOf(place.box);
  const areas = new Map<number, number>();
  for (const { mark, description } of images) {
    const shown = shownBox(mark, place.box);
    const { xDpi, yDpi } = resolutionOf(mark.matrix, description.widthPx, description.heightPx, place.userUnit);
    const imageDpi = Math.round(Math.max(xDpi, yDpi));
    if (!shown || !Number.isFinite(imageDpi) || imageDpi < 1) continue;
    areas.set(imageDpi, (areas.get(imageDpi) ?? 0) + areaOf(shown));
  }
  const ground = [...areas].filter(([, area]) => area >= GROUND_SHARE * pageArea).map(([imageDpi]) => imageDpi);
  return ground.length > 0 ? Math.min(MAX_NATIVE_DPI, Math.max(...ground)) : undefined;
}

function areaOf(box: BoxPt): number {
  return (box[2] - box[0]) * (box[3] - box[1]);
}

function isOnlyLevelScans(content: PageContent): boolean {
  return (
    content.isComplete &&
    content.marks.every((mark) => {
      if (mark.kind === 'image') return isAxisAligned(mark.matrix, 1e-3);
      return mark.kind === 'text' && !mark.isVisible;
    })
  );
}
