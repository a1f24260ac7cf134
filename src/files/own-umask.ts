/** What the person's shell had set when this process first changed it; undefined while it has not. */
let before: number | undefined;

/** Narrows what this process makes from now on, and those it starts; what it delivers is made as the person's shell says. */
export function makeWithin(umask: number): void {
  const was = process.umask(umask);
  before ??= was;
}

/** Permissions of a delivered file or folder, as if nothing had been narrowed; undefined where nothing has. */
export function deliveredMode(kind: 'file' | 'folder'): number | undefined {
  return before === undefined ? undefined : (kind === 'file' ? 0o666 : 0o777) & ~before;
}
