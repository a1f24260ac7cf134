import { EXIT, type ExitCode } from '../../core/errors.ts';
import { programVersion } from '../../config/program-version.ts';
import type { Invocation } from '../invocation.ts';
import { renderManPage } from '../screens/render-man-page.ts';

/** `man`: the manual page, for man(1). */
export async function run({ terminal }: Invocation): Promise<ExitCode> {
  terminal.print(renderManPage(programVersion()));
  return EXIT.ok;
}
