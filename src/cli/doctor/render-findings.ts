import { cleanLines, padEnd, wrap } from '../screens/display-text.ts';
import { paint } from '../terminal.ts';
import type { TypedCommands } from '../typed-commands.ts';
import type { Finding, FindingStatus } from './finding.ts';

const WORDS: Readonly<Record<FindingStatus, string>> = { ok: '[ok]', warn: '[warn]', fail: '[FAIL]', skip: '[skip]' };
const MEANINGS = { ok: 'good', warn: 'warn', fail: 'bad', skip: 'quiet' } as const;
const WIDTH = 80;
const MARK_WIDTH = 8;
const TITLE_WIDTH = 14;

/** A finding as its lines: mark, title and detail, and below what to do. */
export function renderFinding(finding: Finding, width: number, color: boolean, typed: TypedCommands): string {
  const { status, title, detail, remedy } = finding;
  const indent = MARK_WIDTH + 1 + TITLE_WIDTH;
  const [first = '', ...rest] = wrap(cleanLines(typed(detail)), width - indent);
  const mark = paint(WORDS[status], MEANINGS[status], color) + ' '.repeat(MARK_WIDTH - WORDS[status].length);
  const below = [...rest, ...(remedy === undefined ? [] : wrap(cleanLines(typed(remedy.text)), width - indent))];
  const commands =
    remedy?.commands.map((command, index) => `${padEnd(index === 0 ? 'Do:' : '', 9)}${typed(command)}`) ?? [];
  const lines = [...below, ...commands].map((line) => ' '.repeat(indent) + line);
  return [` ${mark}${padEnd(title, TITLE_WIDTH)}${first}`, ...lines].join('\n');
}

/** `1 to fix, 1 warning, 5 fine.` and what comes next. */
export function renderVerdict(findings: readonly Finding[], typed: TypedCommands): string {
  const count = (status: FindingStatus): number => findings.filter((finding) => finding.status === status).length;
  const parts = [
    count('fail') > 0 ? `${count('fail')} to fix` : '',
    count('warn') > 0 ? `${count('warn')} ${count('warn') === 1 ? 'warning' : 'warnings'}` : '',
    count('ok') > 0 ? `${count('ok')} fine` : '',
  ].filter((part) => part !== '');
  const [next, ...more] = nextSteps(findings).map(typed);
  const counts = parts.length > 0 ? `${parts.join(', ')}.` : '';
  const isShort = `${counts}  Next: ${next}`.length <= WIDTH;
  const said = counts === '' ? '' : isShort ? `${counts}  ` : `${counts}\n`;
  const indent = isShort ? ' '.repeat(said.length) : '';
  return [`${said}Next: ${next}`, ...more.map((line) => `${indent}or:   ${line}`)].join('\n');
}

/** Scans on Box first: that is what most people come for. */
function nextSteps(findings: readonly Finding[]): string[] {
  if (findings.some(({ status }) => status === 'fail')) return ['the line after "Do:", then doctor again.'];
  const box = findings.find(({ id }) => id === 'box');
  const local = 'ocr-pipeline plan --input ./scans --output ./text';
  if (!box) return [local];
  return box.status === 'skip'
    ? ['ocr-pipeline login box   (for scans on Box)', local]
    : ['ocr-pipeline ls      (find your folder)'];
}
