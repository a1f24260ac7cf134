import { open } from 'node:fs/promises';

/** Components of a traineddata file by their place in its table (tesseract's tessdatamanager.h). */
const CLASSIFIER_TEMPLATES = 3;
const LSTM = 17;
/** More components than any version has: then it is no such table. */
const MAX_COMPONENTS = 64;
const OFFSET_BYTES = 8;

/**
 * Tells whether all of these traineddata files hold the neural network and nothing of the older classifier, which learns
 * from page to page. False where that cannot be told.
 */
export async function areNeuralModels(files: readonly string[]): Promise<boolean> {
  const answers = await Promise.all(files.map((file) => isNeuralModel(file).catch(() => false)));
  return files.length > 0 && answers.every(Boolean);
}

async function isNeuralModel(file: string): Promise<boolean> {
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(
      Buffer.alloc(4 + MAX_COMPONENTS * OFFSET_BYTES),
      0,
      4 + MAX_COMPONENTS * OFFSET_BYTES,
      0,
    );
    const count = bytesRead < 4 ? 0 : buffer.readUInt32LE(0);
    if (count <= LSTM || count > MAX_COMPONENTS || bytesRead < 4 + count * OFFSET_BYTES) return false;
    // The offset of what is not there is -1.
    const has = (component: number): boolean => buffer.readBigInt64LE(4 + component * OFFSET_BYTES) >= 0n;
    return has(LSTM) && !has(CLASSIFIER_TEMPLATES);
  } finally {
    await handle.close();
  }
}
