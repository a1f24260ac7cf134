/**
 * A worker that speaks the protocol and does what the document's name says, so that the pool can be tested on every way
 * to break (`/stand-in/` before it counts for nothing): `crash`, `hang`, `memory`, `page-error`, `missing`, `sigkill <file>` and `flaky <file>` (breaks until the file has two bytes).
 */
import { appendFileSync, statSync } from 'node:fs';
import { MissingDependencyError, PageError, asPipelineError } from '../../src/core/errors.ts';
import type { ToWorker } from '../../src/work/protocol.ts';

function behave(file: string, pageNumber: number): unknown {
  const [what, argument = ''] = file.split(' ');
  switch (what) {
    case 'crash':
      process.stderr.write('boom\n');
      process.exit(9);
    // oxlint-disable-next-line no-fallthrough
    case 'hang':
      for (;;);

    case 'memory': {
      const held: Buffer[] = [];
      for (;;) held.push(Buffer.alloc(1 << 24, 1));
    }
    // oxlint-disable-next-line no-fallthrough
    case 'page-error':
      throw new PageError('PAGE_DAMAGED', 'The page is damaged.');
    case 'engine-error':
      throw new PageError('ENGINE_FAILED', 'The engine does not work.');
    case 'missing':
      throw new MissingDependencyError('TESSERACT_MISSING', 'There is no Tesseract.');
    case 'sigkill':
      appendFileSync(argument, 'x');
      if (statSync(argument).size < 3) process.kill(process.pid, 'SIGKILL');
      break;
    case 'flaky':
      appendFileSync(argument, 'x');
      if (statSync(argument).size < 3) process.exit(9);
      break;
    default:
      break;
  }
  const words = [{ text: `page${pageNumber}`, box: [0, 0, 10, 10], confidence: 90 }];
  const lines = [{ box: [0, 0, 10, 10], words }];
  const blocks = [{ box: [0, 0, 10, 10], paragraphs: [{ box: [0, 0, 10, 10], direction: 'ltr', lines }] }];
  return { pageNumber, state: 'done', blocks, confidence: 90 };
}

let preparations = 0;

process.on('message', ({ id, call, request }: ToWorker) => {
  if (call === 'prepare') preparations++;
  const { file: given, pageNumber = 0 } = request as { file: string; pageNumber?: number };
  const file = given.replace(/^\/stand-in\//, '');
  setTimeout(
    () => {
      // The document is open: what follows has the page's own time. Its pages never end.
      if (file === 'hang-drawing') {
        process.send?.({ type: 'step', step: 'rasterize' });
        return;
      }
      try {
        const answer = file === 'was-prepared' ? { preparations, pid: process.pid } : behave(file, pageNumber);
        process.send?.({ type: 'answer', id, answer });
      } catch (error) {
        process.send?.({ type: 'error', id, error: asPipelineError(error).toRecord() });
      }
    },
    file === 'slow' ? 100 : file.startsWith('sigkill') ? 300 : 0,
  );
});
process.on('disconnect', () => process.exit(0));
