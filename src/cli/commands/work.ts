import { resolve } from 'node:path';
import { EXIT, type ExitCode } from '../../core/errors.ts';
import type { Invocation } from '../commands.ts';

/** `work <run folder> <chunk>` */
export async function run({ positionals, surroundings, wiring, signal }: Invocation): Promise<ExitCode> {
  const [folder = '', chunk = ''] = positionals;
  await wiring.workOnChunk(resolve(surroundings.workingFolder, folder), chunk, signal);
  return EXIT.ok;
}
