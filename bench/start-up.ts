import { measureSuccess } from './support/measure.ts';
import { OURS, type BenchOptions } from './support/options.ts';
import { formatNumber, median, type BenchTable } from './support/table.ts';

const TIMEOUT_MS = 30_000;
const GOAL_SECONDS = 0.3;
const COMMANDS = [['--help'], ['--version'], ['run', '--help']];

/** How long a person waits for the help. */
export async function benchStartUp(options: BenchOptions): Promise<BenchTable[]> {
  const rounds = options.quick ? 3 : 20;
  const rows = [];
  for (const args of COMMANDS) {
    options.say(`start-up: ${args.join(' ')}`);
    const costs = [];
    for (let round = 0; round < rounds; round++) {
      costs.push(await measureSuccess({ program: OURS.program, args: [...OURS.args, ...args], timeoutMs: TIMEOUT_MS }));
    }
    const walls = costs.map((cost) => cost.wallSeconds);
    rows.push({
      what: `ocr-pipeline ${args.join(' ')}`,
      values: [median(walls), Math.min(...walls), Math.max(...walls)],
    });
  }
  const slowest = Math.max(...rows.map((row) => Number(row.values[0])));
  return [
    {
      title: 'Start-up',
      method: `Each ${rounds} times, one after the other, from a checkout (Node strips the types).`,
      columns: ['what', 'median s', 'fastest s', 'slowest s'],
      rows,
      findings: [`The slowest takes ${formatNumber(slowest)} s (goal: under ${GOAL_SECONDS}).`],
    },
  ];
}
