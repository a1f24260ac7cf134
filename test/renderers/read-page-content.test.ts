import { describe, expect, it } from 'vitest';
import { PdfFile } from '../../src/pdf/pdf-file.ts';
import {
  findOnlyImage,
  measureImageShare,
  measureVisibleShare,
  type PageContent,
} from '../../src/renderers/page-content.ts';
import { readPageContent } from '../../src/renderers/read-page-content.ts';
import { writeSmallPdf, type SmallPdfObject } from '../../src/renderers/write-small-pdf.ts';
import { withFile } from '../conformance/page-renderer-samples.ts';

const PAGE = [0, 0, 100, 200] as const;
const IMAGE = '<</Type/XObject/Subtype/Image/Width 1/Height 1/BitsPerComponent 8/ColorSpace/DeviceGray/Length 1';
const RESOURCES =
  '<</XObject<</I 5 0 R/M 6 0 R/S 7 0 R/F 8 0 R/Gone 99 0 R/Loop 10 0 R>>/Font<</T 9 0 R/C 11 0 R>>' +
  '/ExtGState<</Half<</ca 0.5>>/None<</ca 0>>/Full<</ca 1/BM/Normal/SMask/None>>>>/Pattern<</P 12 0 R/Q 13 0 R>>>>';
const FORM = '<</Type/XObject/Subtype/Form/BBox[0 0 100 200]';

/** What a page with this content shows. Images: I plain, M soft-masked, S stencil; F is a form that places I. */
async function read(content: string): Promise<PageContent> {
  const objects: SmallPdfObject[] = [
    { head: '<</Type/Catalog/Pages 2 0 R>>' },
    { head: '<</Type/Pages/Count 1/Kids[3 0 R]>>' },
    { head: `<</Type/Page/Parent 2 0 R/MediaBox[${PAGE.join(' ')}]/Contents 4 0 R/Resources ${RESOURCES}>>` },
    stream('<<', content),
    { head: `${IMAGE}>>`, stream: Buffer.of(0) },
    { head: `${IMAGE}/SMask 5 0 R>>`, stream: Buffer.of(0) },
    { head: '<</Type/XObject/Subtype/Image/Width 8/Height 1/ImageMask true/Length 1>>', stream: Buffer.of(0) },
    stream(`${FORM}/Matrix[2 0 0 2 0 0]/Resources<</XObject<</I 5 0 R>>>>`, '50 0 0 100 0 0 cm /I Do'),
    { head: '<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>' },
    stream(FORM, '0 0 m 9 9 l S /Loop Do'),
    { head: '<</Type/Font/Subtype/Type0/BaseFont/X/Encoding/Identity-H/DescendantFonts[]>>' },
    stream(
      '<</PatternType 1/PaintType 1/TilingType 1/BBox[0 0 9 9]/XStep 9/YStep 9',
      '/Pattern cs /P scn 0 0 9 9 re f',
    ),
    stream('<</PatternType 1/PaintType 1/TilingType 1/BBox[0 0 9 9]/XStep 9/YStep 9', '0 0 3 3 re f'),
  ];
  return withFile(writeSmallPdf(objects), async (file) => {
    await using pdf = await PdfFile.open(file);
    return await readPageContent(pdf, await pdf.page(1));
  });
}

function stream(head: string, content: string): SmallPdfObject {
  return { head: `${head}/Length ${content.length}>>`, stream: Buffer.from(content, 'latin1') };
}

const FILL = '100 0 0 200 0 0 cm';

describe('findOnlyImage', () => {
  it.each([
    ['an image that fills the page', `q ${FILL} /I Do Q`],
    ['an image smaller than the page', 'q 50 0 0 50 10 10 cm /I Do Q'],
    ['with invisible text over it', `q ${FILL} /I Do Q BT 3 Tr /T 9 Tf (before) Tj ET`],
    ['in a form', '/F Do'],
    ['within a clip that leaves all of it', `q 0 0 100 200 re W n ${FILL} /I Do Q`],
    ['within a clip drawn as lines', `q 0 0 m 100 0 l 100 200 l 0 200 l h W n ${FILL} /I Do Q`],
    ['on white ground', `1 g 0 0 100 200 re f q ${FILL} /I Do Q`],
    ['over what it hides', `0 0 m 50 50 l S BT /T 9 Tf (hidden) Tj ET q ${FILL} /I Do Q`],
    ['a black stencil', `0 g q ${FILL} /S Do Q`],
    ['with plain graphics parameters', `/Full gs q ${FILL} /I Do Q`],
    ['after an empty path', `n q ${FILL} /I Do Q`],
    ['beside what lies outside the page', `q ${FILL} /I Do Q q 10 0 0 10 500 500 cm /I Do Q`],
  ])('finds %s', async (_what, content) => {
    expect(findOnlyImage(await read(content), PAGE)?.stream).toBeDefined();
  });

  it.each([
    ['nothing', ''],
    ['visible text over the image', `q ${FILL} /I Do Q BT /T 9 Tf (seen) Tj ET`],
    ['lines over the image', `q ${FILL} /I Do Q 0 0 m 50 50 l S`],
    ['a line beside a small image', '0 0 m 50 50 l S q 50 0 0 50 50 50 cm /I Do Q'],
    ['two images', 'q 100 0 0 100 0 0 cm /I Do Q q 100 0 0 100 0 100 cm /I Do Q'],
    ['a soft mask', `q ${FILL} /M Do Q`],
    ['a stencil in a colour', `1 0 0 rg q ${FILL} /S Do Q`],
    ['half an image by a clip', `q 0 0 50 200 re W n ${FILL} /I Do Q`],
    ['a round clip', `q 0 0 m 0 50 50 200 100 200 c h W n ${FILL} /I Do Q`],
    ['transparency', `/Half gs q ${FILL} /I Do Q`],
    ['optional content', `/OC /X BDC q ${FILL} /I Do Q EMC`],
    ['an inline image', `q ${FILL} BI /W 1 /H 1 /BPC 8 /CS /G ID x EI Q`],
  ])('finds none in %s', async (_what, content) => {
    expect(findOnlyImage(await read(content), PAGE)).toBeUndefined();
  });

  it('gives the matrix with all that precedes it', async () => {
    expect(findOnlyImage(await read('/F Do'), PAGE)?.matrix).toEqual([100, 0, 0, 200, 0, 0]);
  });
});

describe('shares', () => {
  it('measures what images cover, once where they overlap', async () => {
    const half = 'q 50 0 0 200 0 0 cm /I Do Q ';
    expect(measureImageShare(await read(half), PAGE)).toBeCloseTo(0.5, 5);
    expect(measureImageShare(await read(half + half + 'q 25 0 0 200 50 0 cm /I Do Q'), PAGE)).toBeCloseTo(0.75, 1);
    expect(measureImageShare(await read(`q 1 0 0 1 900 0 cm ${half} Q`), PAGE)).toBe(0);
  });

  it('counts letters by rendering mode, in composite fonts two bytes each', async () => {
    expect(measureVisibleShare(await read('BT /T 9 Tf (four) Tj 3 Tr [(fo) -20 (ur)] TJ ET'), PAGE)).toBe(0.5);
    expect(measureVisibleShare(await read('BT /T 9 Tf (four) Tj 3 Tr /C 9 Tf (sixteen.) Tj ET'), PAGE)).toBe(0.5);
    expect(measureVisibleShare(await read('q BT 3 Tr ET Q BT /T 9 Tf (seen) Tj ET'), PAGE)).toBe(1);
    expect(measureVisibleShare(await read('/None gs BT /T 9 Tf (unseen) Tj ET'), PAGE)).toBe(0);
  });

  it('counts text below a covering image as invisible', async () => {
    expect(measureVisibleShare(await read(`BT /T 9 Tf (below) Tj ET q ${FILL} /I Do Q`), PAGE)).toBe(0);
    expect(measureVisibleShare(await read('BT /T 9 Tf (beside) Tj ET q 50 0 0 50 0 0 cm /I Do Q'), PAGE)).toBe(1);
  });
});

describe('damage', () => {
  it('tells of images that are not in the file', async () => {
    expect(await read('/Gone Do')).toMatchObject({ isLost: true });
    expect(await read('/F Do')).toMatchObject({ isLost: false, isComplete: true });
  });

  it('leaves a form within itself to the viewer, and refuses a pattern within itself', async () => {
    expect(await read('/Loop Do')).toMatchObject({ isComplete: false, refusal: undefined });
    expect(await read('/Pattern cs /P scn 0 0 50 50 re f')).toMatchObject({ refusal: 'ENDLESS' });
    expect(await read('/Pattern cs /Q scn 0 0 50 50 re f')).toMatchObject({ refusal: undefined });
  });
});
