import { safeJson } from '../../core/safe-json.ts';
import { EXIT, type ExitCode } from '../../core/errors.ts';
import { compareNatural } from '../../core/natural-order.ts';
import type { Invocation } from '../invocation.ts';
import { renderFolder } from '../screens/render-box.ts';

/** `ls [folder] [--json]` */
export async function run({
  app,
  terminal,
  flags,
  signal,
  shell,
  positionals,
  loadSettings,
}: Invocation): Promise<ExitCode> {
  const box = app.openBox({ choices: await loadSettings(), environment: shell.environment });
  const { folder, items } = await box.listFolder(positionals[0] ?? 'box:', signal);
  const sorted = [...items].sort(
    (a, b) => Number(b.type === 'folder') - Number(a.type === 'folder') || compareNatural(a.name, b.name),
  );
  if (flags.json === true) {
    const entries = sorted.map(({ type, id, name, sizeBytes, sha1 }) => ({
      type,
      id,
      name,
      ...(type === 'file' ? { sizeBytes, sha1 } : {}),
    }));
    terminal.print(safeJson({ folder, entries }, 2));
  } else terminal.print(renderFolder(folder, sorted, terminal.columns(), terminal.typed));
  return EXIT.ok;
}
