import type { WriteRequest } from '../../document-store.ts';
import type { BoxItem } from '../listing/box-item.ts';
import { isUnchangedResult } from './result-properties.ts';

/** What is to be done about a result, given what has its name. */
export type WritePlan =
  | { readonly kind: 'create' }
  | { readonly kind: 'unchanged'; readonly there: BoxItem }
  | { readonly kind: 'replace'; readonly there: BoxItem }
  | { readonly kind: 'skip'; readonly there: BoxItem }
  | { readonly kind: 'rename' }
  | { readonly kind: 'stop' };

/** Decides it. Pure. */
export function planWrite(
  there: BoxItem | undefined,
  request: Pick<WriteRequest, 'artifact' | 'onConflict' | 'isOurs'>,
): WritePlan {
  if (!there) return { kind: 'create' };
  if (there.type !== 'file') return request.onConflict === 'rename' ? { kind: 'rename' } : { kind: 'stop' };
  if (there.sha1 === request.artifact.sha1) return { kind: 'unchanged', there };
  const ours = isUnchangedResult(there) || (there.sha1 !== undefined && request.isOurs(there.sha1));
  if (ours || request.onConflict === 'version') return { kind: 'replace', there };
  if (request.onConflict === 'skip') return { kind: 'skip', there };
  return { kind: request.onConflict };
}
