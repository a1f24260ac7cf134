import { quoteValue } from '../../core/quote-value.ts';
import { closest } from '../../core/config/closest.ts';
import { EXIT, UsageError, type ExitCode } from '../../core/errors.ts';
import { COMMANDS } from '../commands.ts';
import type { Invocation } from '../invocation.ts';
import { programVersion } from '../../config/program-version.ts';
import { renderCommandHelp, renderMainHelp } from '../screens/render-help.ts';
import type { TypedCommands } from '../typed-commands.ts';
import { loadTopic, TOPIC_NAMES } from '../topics.ts';

/** `help [command | topic]` */
export async function run({ positionals: [word], terminal }: Invocation): Promise<ExitCode> {
  if (word === undefined) {
    terminal.print(renderMainHelp(programVersion(), terminal.typed));
    return EXIT.ok;
  }
  const command = COMMANDS.find(({ name }) => name === word);
  const text =
    command === undefined ? await topicText(word, terminal.typed) : renderCommandHelp(command, terminal.typed);
  if (text === undefined) {
    const near = closest(word, [...TOPIC_NAMES, ...COMMANDS.map(({ name }) => name)]);
    throw new UsageError('UNKNOWN_TOPIC', `There is no help on ${quoteValue(word)}.`, {
      remedy: near === undefined ? `Topics: ${TOPIC_NAMES.join(' ')}` : `Did you mean ocr-pipeline help ${near}?`,
    });
  }
  terminal.print(text);
  return EXIT.ok;
}

/** A topic with its commands as they are typed here; one that puts the program on the PATH first has plain ones. */
async function topicText(word: string, typed: TypedCommands): Promise<string | undefined> {
  const text = await loadTopic(word);
  return text?.includes('export PATH=') === true ? text : text && typed(text);
}
