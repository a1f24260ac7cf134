import { quoteValue } from '../../core/quote-value.ts';
import { EXIT, UsageError, type ExitCode } from '../../core/errors.ts';
import type { Invocation } from '../invocation.ts';
import { COMPLETIONS } from '../screens/render-completion.ts';

/** `completion bash|zsh|fish` */
export async function run({ positionals: [shell = ''], terminal }: Invocation): Promise<ExitCode> {
  const render = COMPLETIONS.get(shell);
  if (render === undefined) {
    throw new UsageError('UNKNOWN_SHELL', `There is no completion for ${quoteValue(shell)}.`, {
      safe: 'Nothing was changed.',
      remedy: `One of: ${[...COMPLETIONS.keys()].join(', ')}`,
    });
  }
  terminal.print(render());
  return EXIT.ok;
}
