import { randomBytes } from 'node:crypto';
import type { FetchOptionsInput } from 'box-node-sdk/networking';
import { FileSlice, type TakeBytes } from '../transfer/file-slice.ts';

/** A body of known length that can be sent for each attempt anew. */
export interface RequestBody {
  readonly headers: Readonly<Record<string, string>>;
  /** Hands on all its bytes in order. @throws whatever `take` does, or reading the file. */
  sendTo(take: TakeBytes): Promise<void>;
}

type MultipartItem = NonNullable<FetchOptionsInput['multipartData']>[number];

/** Turns what the SDK wants sent into a body of known length that is never held in memory when it comes from a file. */
export function makeRequestBody(options: FetchOptionsInput): RequestBody | undefined {
  if (options.multipartData) return makeMultipart(options.multipartData);
  if (options.fileStream) {
    const slice = requireSlice(options.fileStream);
    return {
      headers: {
        'content-type': options.contentType ?? 'application/octet-stream',
        'content-length': String(slice.slice.sizeBytes),
      },
      sendTo: (take) => slice.sendTo(take),
    };
  }
  if (options.data === undefined || options.data === null) return undefined;
  const contentType = options.contentType ?? 'application/json';
  const text =
    contentType === 'application/x-www-form-urlencoded' ? toForm(options.data) : JSON.stringify(options.data);
  const bytes = Buffer.from(text);
  return {
    headers: { 'content-type': contentType, 'content-length': String(bytes.length) },
    sendTo: (take) => take(bytes),
  };
}

function toForm(data: unknown): string {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(data ?? {}))
    if (value !== undefined && value !== null) form.set(name, String(value));
  return form.toString();
}

/** RFC 7578. Box reads `attributes` before `file`, so the order of the items is kept. */
function makeMultipart(items: readonly MultipartItem[]): RequestBody {
  const boundary = `ocr-pipeline-${randomBytes(12).toString('hex')}`;
  const parts: (Buffer | FileSlice)[] = [];
  for (const item of items) {
    const file = item.fileStream ? '; filename="file"\r\nContent-Type: application/octet-stream' : '';
    parts.push(Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${item.partName}"${file}\r\n\r\n`));
    parts.push(item.fileStream ? requireSlice(item.fileStream) : Buffer.from(JSON.stringify(item.data ?? null)));
    parts.push(Buffer.from('\r\n'));
  }
  parts.push(Buffer.from(`--${boundary}--\r\n`));
  const sizeBytes = parts.reduce(
    (sum, part) => sum + (part instanceof FileSlice ? part.slice.sizeBytes : part.length),
    0,
  );
  return {
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}`, 'content-length': String(sizeBytes) },
    async sendTo(take) {
      for (const part of parts) await (part instanceof FileSlice ? part.sendTo(take) : take(part));
    },
  };
}

function requireSlice(stream: unknown): FileSlice {
  if (stream instanceof FileSlice) return stream;
  throw new TypeError('Only parts of files are sent to Box: any other stream could not be sent a second time.');
}
