import type { BoxEmulator } from './box-emulator.ts';
import type { CheckFinding, CheckOptions } from './checks.ts';

/** Closes the emulator, and throws where it had defects or its clients did what they should not. */
export async function closeClean(emulator: BoxEmulator, options: CheckOptions = {}): Promise<void> {
  const findings: CheckFinding[] = emulator.checks(options);
  const defects = [...emulator.defects];
  await emulator.close();
  if (defects.length > 0) throw new Error(`defects of the emulator:\n${defects.join('\n')}`);
  if (findings.length > 0) {
    throw new Error(`conduct of the client:\n${findings.map(({ check, detail }) => `${check}: ${detail}`).join('\n')}`);
  }
}
