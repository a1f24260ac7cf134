import type { CommandModule } from './invocation.ts';

/** The file of each command of the table in `commands.ts`, by its name. */
const FILES: Readonly<Record<string, () => Promise<CommandModule>>> = {
  doctor: () => import('./commands/doctor.ts'),
  login: () => import('./commands/login.ts'),
  ls: () => import('./commands/ls.ts'),
  plan: () => import('./commands/plan.ts'),
  logout: () => import('./commands/logout.ts'),
  whoami: () => import('./commands/whoami.ts'),
  languages: () => import('./commands/languages.ts'),
  run: () => import('./commands/run.ts'),
  status: () => import('./commands/status.ts'),
  resume: () => import('./commands/resume.ts'),
  cancel: () => import('./commands/cancel.ts'),
  report: () => import('./commands/report.ts'),
  rasterize: () => import('./commands/rasterize.ts'),
  recognize: () => import('./commands/recognize.ts'),
  assemble: () => import('./commands/assemble.ts'),
  clean: () => import('./commands/clean.ts'),
  completion: () => import('./commands/completion.ts'),
  man: () => import('./commands/man.ts'),
  config: () => import('./commands/config.ts'),
  help: () => import('./commands/help.ts'),
  engines: () => import('./commands/engines.ts'),
  work: () => import('./commands/work.ts'),
};

/** Loads what a command does: each call of the program pays for one command only. */
export async function loadCommand(name: string): Promise<CommandModule> {
  const load = FILES[name];
  if (load === undefined) throw new Error(`the command ${name} has no file`);
  return await load();
}
