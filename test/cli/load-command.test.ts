import { expect, test } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.ts';
import { loadCommand } from '../../src/cli/load-command.ts';

test.each(COMMANDS.map(({ name }) => name))('the command %s has a file that does it', async (name) => {
  expect(await loadCommand(name)).toMatchObject({ run: expect.any(Function) as unknown });
});

test('a word that is no command is no file', async () => {
  await expect(loadCommand('fly')).rejects.toThrow('fly');
});
