import { readContent, type ContentOperation } from './content-stream.ts';

/** PDF's text rendering mode for text that is neither filled nor stroked nor used to clip. */
const INVISIBLE = 3;

export interface StrippedContent {
  readonly bytes: Uint8Array;
  /** Whether any text was taken out. */
  readonly changed: boolean;
  /** XObjects the content draws, by resource name, with the text rendering mode in force at the first time. */
  readonly drawn: ReadonlyMap<string, number>;
}

interface Cut {
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
}

/**
 * Takes out the text that a content stream shows invisibly, the mark of an earlier OCR; all else stays byte for byte.
 * Invisible text that visible text in the same line depends on for its place is left.
 * @param initialMode the text rendering mode at the start: 0 on a page, a form inherits it.
 */
export function stripInvisibleText(bytes: Uint8Array, initialMode: number): StrippedContent {
  const cuts: Cut[] = [];
  const saved: number[] = [];
  const drawn = new Map<string, number>();
  let mode = initialMode;
  // Cuts since the text position was last set: void if visible text follows directly.
  let loose = 0;
  for (const operation of readContent(bytes)) {
    const { op, args } = operation;
    if (op === 'q') saved.push(mode);
    else if (op === 'Q') mode = saved.pop() ?? mode;
    else if (op === 'Tr') mode = typeof args[0] === 'number' ? args[0] : mode;
    else if (op === 'Do') noteDrawn(drawn, operation, mode);
    else if (isPositioning(op)) loose = 0;
    if (!isShowing(op)) continue;
    if (op === "'" || op === '"') loose = 0;
    if (mode === INVISIBLE) {
      cuts.push({ start: operation.start, end: operation.end, replacement: replacementOf(operation, bytes) });
      loose++;
    } else {
      cuts.length -= loose;
      loose = 0;
    }
  }
  return { bytes: cuts.length > 0 ? applyCuts(bytes, cuts) : bytes, changed: cuts.length > 0, drawn };
}

function noteDrawn(drawn: Map<string, number>, { args }: ContentOperation, mode: number): void {
  const name = args.at(-1);
  if (name && typeof name === 'object' && 'name' in name && !drawn.has(name.name)) drawn.set(name.name, mode);
}

function isShowing(op: string): boolean {
  return op === 'Tj' || op === 'TJ' || op === "'" || op === '"';
}

function isPositioning(op: string): boolean {
  return op === 'Td' || op === 'TD' || op === 'Tm' || op === 'T*' || op === 'BT' || op === 'ET';
}

/** What the operator does beside showing text: `'` and `"` go to the next line, and the latter sets spacing. */
function replacementOf({ op, args, start }: ContentOperation, bytes: Uint8Array): string {
  if (op === "'") return 'T* ';
  if (op !== '"') return ' ';
  const [word, character] = args;
  const isWhole = typeof word === 'number' && typeof character === 'number' && start < bytes.length;
  return isWhole ? `${word} Tw ${character} Tc T* ` : 'T* ';
}

function applyCuts(bytes: Uint8Array, cuts: readonly Cut[]): Uint8Array {
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const { start, end, replacement } of cuts) {
    parts.push(bytes.subarray(at, start), Buffer.from(replacement, 'latin1'));
    at = end;
  }
  parts.push(bytes.subarray(at));
  return Buffer.concat(parts);
}
