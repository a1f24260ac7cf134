import type { EndedTask } from './decide/decide-retry.ts';

/** Nodes on which the program does not start. */
export class BrokenNodes {
  /** By the code it ended with. */
  readonly #byExitCode = new Map<number, Set<string>>();
  readonly #names = new Set<string>();
  readonly #notice: (level: 'warn', code: string, text: string) => void;

  constructor(notice: (level: 'warn', code: string, text: string) => void) {
    this.#notice = notice;
  }

  /** To be left out. */
  get names(): ReadonlySet<string> {
    return this.#names;
  }

  /** Notes the node of a task that did not start, says so once, and adds to the task which other nodes failed alike. */
  record(ended: EndedTask, nodeCount: number): EndedTask {
    const { end, node, exitCode = 0, isOld, logTail } = ended;
    if (end !== 'node-fault' || node === undefined || isOld) return ended;
    const alike = this.#byExitCode.get(exitCode) ?? new Set();
    this.#byExitCode.set(exitCode, alike.add(node));
    const isLastNode = this.#names.size >= nodeCount;
    if (!this.#names.has(node)) {
      const said = logTail.split('\n').findLast((line) => line.trim() !== '' && !line.startsWith('---'));
      const why = said === undefined ? '' : ` It says: ${said.trim()}`;
      const text = `Node ${node} does not start the program and is left out from now on.${why}`;
      this.#notice('warn', 'SLURM_NODE_BROKEN', text);
    }
    this.#names.add(node);
    return { ...ended, brokenNodes: [...alike], isLastNode };
  }
}
