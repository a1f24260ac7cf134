import { compose, invert, mapBox, type Matrix } from '../core/geometry.ts';
import type { PageImage } from '../core/page.ts';
import { resolutionOf } from './page-content.ts';
import { frameAt, type PageFrame, type PagePlace } from './page-frame.ts';
import { cutOut, orient, type Orientation, type Raster } from './raster.ts';

/** How a scan's own pixels make the page: turned and mirrored, then cut or widened to the page's edge. */
export interface ScanPlan extends PageFrame {
  readonly orientation: Orientation;
  /** Where the page's corner lies among the turned pixels; negative where the page is wider than the image. */
  readonly leftPx: number;
  readonly topPx: number;
  readonly dpi: number;
}

/** Pixels by which an image may miss the page's edge and still be taken whole: sizes in points are rounded. */
const EDGE_PX = 1.5;

/** Pixels that are not square by more than this confuse recognition: such pages are drawn. */
const MAX_ASPECT = 1.05;

/** An image much smaller than its page would be mostly added white; drawing is cheaper then. */
const MAX_WIDENING = 4;

/**
 * Plans how an image makes the page without its pixels being changed.
 * @param matrix from the unit square to user space.
 * @returns `undefined` where it cannot: tilted, pixels far from square, or the page much larger than the image.
 */
export function planScan(widthPx: number, heightPx: number, matrix: Matrix, place: PagePlace): ScanPlan | undefined {
  const pixelsToUser = compose([1 / widthPx, 0, 0, -1 / heightPx, 0, 1], matrix);
  if (!isInvertible(pixelsToUser)) return undefined;
  const { xDpi, yDpi } = resolutionOf(matrix, widthPx, heightPx, place.userUnit);
  if (Math.max(xDpi / yDpi, yDpi / xDpi) > MAX_ASPECT) return undefined;
  const orientation = findOrientation(widthPx, heightPx, compose(pixelsToUser, invert(frameAt(place, 72).toPoints)));
  if (!orientation) return undefined;
  const { swap } = orientation;
  const [turnedWidth, turnedHeight] = swap ? [heightPx, widthPx] : [widthPx, heightPx];
  const toPoints = compose(unturn(orientation, widthPx, heightPx), pixelsToUser);
  const [left, bottom, right, top] = place.box;
  const onPixels = mapBox(invert(toPoints), [left, bottom, right, top]);
  const [leftPx, rightPx] = snap(onPixels[0], onPixels[2], turnedWidth);
  const [topPx, bottomPx] = snap(onPixels[1], onPixels[3], turnedHeight);
  const plan: ScanPlan = {
    orientation,
    leftPx,
    topPx,
    widthPx: Math.max(1, rightPx - leftPx),
    heightPx: Math.max(1, bottomPx - topPx),
    toPoints: compose([1, 0, 0, 1, leftPx, topPx], toPoints),
    dpi: swap ? yDpi : xDpi,
  };
  return plan.widthPx * plan.heightPx > MAX_WIDENING * widthPx * heightPx ? undefined : plan;
}

/** Makes the page of an image, as planned for one of its size. */
export function placeScan(raster: Raster, plan: ScanPlan): PageImage {
  const turned = orient(raster, plan.orientation);
  const page = cutOut(turned, plan.leftPx, plan.topPx, plan.widthPx, plan.heightPx);
  return { ...page, dpi: Math.round(plan.dpi * 1000) / 1000, toPoints: plan.toPoints };
}

function isInvertible([a, b, c, d]: Matrix): boolean {
  const determinant = a * d - b * c;
  return Number.isFinite(determinant) && Math.abs(determinant) > 1e-9;
}

/** How image axes lie on the displayed page; `undefined` where they are tilted by a pixel or more across the image. */
function findOrientation(widthPx: number, heightPx: number, [a, b, c, d]: Matrix): Orientation | undefined {
  const isLevel = Math.abs(b) * widthPx < Math.abs(d) && Math.abs(c) * heightPx < Math.abs(a);
  if (isLevel) return { swap: false, flipX: a < 0, flipY: d < 0 };
  const isTurned = Math.abs(a) * widthPx < Math.abs(c) && Math.abs(d) * heightPx < Math.abs(b);
  return isTurned ? { swap: true, flipX: b < 0, flipY: c < 0 } : undefined;
}

/** Maps pixels of the turned image to those of the image as it was. */
function unturn({ swap, flipX, flipY }: Orientation, widthPx: number, heightPx: number): Matrix {
  const stepX = flipX ? -1 : 1;
  const stepY = flipY ? -1 : 1;
  const startX = flipX ? widthPx : 0;
  const startY = flipY ? heightPx : 0;
  return swap ? [0, stepY, stepX, 0, startX, startY] : [stepX, 0, 0, stepY, startX, startY];
}

/** The page's edges in whole pixels; those of the image where they are near. */
function snap(from: number, to: number, length: number): [from: number, to: number] {
  const start = Math.abs(from) < EDGE_PX ? 0 : Math.round(from);
  const end = Math.abs(to - length) < EDGE_PX ? length : Math.round(to);
  return [start, end];
}
