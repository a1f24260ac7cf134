import { closest } from '../../core/config/closest.ts';
import { EXIT, UsageError, type ExitCode } from '../../core/errors.ts';
import { COMMANDS, type Invocation } from '../commands.ts';
import { programVersion } from '../../app/program-version.ts';
import { renderCommandHelp, renderMainHelp } from '../screens/render-help.ts';
import { loadTopic, TOPIC_NAMES } from '../topics.ts';

/** `help [command | topic]` */
export async function run({ positionals: [word], terminal }: Invocation): Promise<ExitCode> {
  if (word === undefined) {
    terminal.print(renderMainHelp(programVersion()));
    return EXIT.ok;
  }
  const command = COMMANDS.find(({ name }) => name === word);
  const text = command === undefined ? await loadTopic(word) : renderCommandHelp(command);
  if (text === undefined) {
    const near = closest(word, [...TOPIC_NAMES, ...COMMANDS.map(({ name }) => name)]);
    throw new UsageError('UNKNOWN_TOPIC', `There is no help on "${word}".`, {
      remedy: near === undefined ? `Topics: ${TOPIC_NAMES.join(' ')}` : `Did you mean ocr-pipeline help ${near}?`,
    });
  }
  terminal.print(text);
  return EXIT.ok;
}
