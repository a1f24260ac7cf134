import { isMarkedResult, MARK_WITHIN_BYTES } from '../../core/not-a-scan.ts';
import { openRegular } from '../../files/open-regular.ts';

/** Whether a PDF here was made by this program. Looks at its end alone; what cannot be read here is told when it is to be read whole. */
export async function isOurResult(file: string, sizeBytes: number): Promise<boolean> {
  const opened = await openRegular(file).catch(() => undefined);
  if (!opened) return false;
  const { handle } = opened;
  try {
    const end = Buffer.alloc(Math.min(sizeBytes, MARK_WITHIN_BYTES));
    const { bytesRead } = await handle.read(end, 0, end.length, sizeBytes - end.length);
    return isMarkedResult(end.subarray(0, bytesRead));
  } catch {
    return false;
  } finally {
    await handle.close();
  }
}
