import type { PageImage } from '../core/page.ts';
import { writeSmallPdf } from './write-small-pdf.ts';

/** A PDF of one page, which holds a grey page image as its only content, at its own resolution. */
export function writeImagePdf({ widthPx, heightPx, dpi, data }: PageImage): Uint8Array {
  const width = (widthPx * 72) / dpi;
  const height = (heightPx * 72) / dpi;
  const content = Buffer.from(`q ${width} 0 0 ${height} 0 0 cm /I Do Q`);
  const image = `/Type/XObject/Subtype/Image/Width ${widthPx}/Height ${heightPx}/ColorSpace/DeviceGray/BitsPerComponent 8`;
  const resources = '<</XObject<</I 5 0 R>>>>';
  return writeSmallPdf([
    { head: '<</Type/Catalog/Pages 2 0 R>>' },
    { head: '<</Type/Pages/Kids[3 0 R]/Count 1>>' },
    {
      head: `<</Type/Page/Parent 2 0 R/MediaBox[0 0 ${width} ${height}]/Contents 4 0 R/Resources${resources}>>`,
    },
    { head: `<</Length ${content.length}>>`, stream: content },
    { head: `<<${image}/Length ${data.length}>>`, stream: data },
  ]);
}
