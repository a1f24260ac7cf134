import { analysePage, type Orientation, type PageTraits } from '../preparation/analyse-page.ts';
import { isOnlyDirt, scoreReading, meanConfidence, type ReadingScore } from '../preparation/score-reading.ts';
import { prepareImage } from '../preparation/prepare-image.ts';
import { traitsOfLanguage } from '../preparation/scripts.ts';
import type { Block, PageImage, PageResult, RecognizedFrame } from '../core/page.ts';
import type { RecognitionSettings } from '../core/settings.ts';
import type { OcrEngine, RecognizeOptions } from '../engines/ocr-engine.ts';

/** Fully automatic page segmentation, without orientation: that is ours. tesseract(1), --psm. */
const AUTOMATIC = 3;
/** Finds text in no particular order: for pages where the automatic mode finds none. */
const SPARSE = 11;

/** A reading this sure is right way up: wrong ways have 20 to 50, good pages 80 and more. */
const SURE_CONFIDENCE = 72;
/** Below this even a clear sign of the page's orientation is checked against the other readings. */
const DOUBTFUL_CONFIDENCE = 45;

/** What reading a page image gives. */
export type ReadPage = Pick<PageResult, 'state' | 'blocks' | 'frame' | 'confidence'>;

interface Reading {
  readonly blocks: readonly Block[];
  readonly frame: RecognizedFrame;
  readonly score: ReadingScore;
}

/**
 * Reads one page image: finds out how it lies, turns, straightens and scales it as needed, and reads it. Where the result
 * looks wrong it is read the other ways round too, and the best reading is kept (see {@link scoreReading}). An ordinary
 * upright page costs one call of the engine.
 * @throws {PageError} the engine cannot read it; trying again will not help.
 * @throws {MissingDependencyError} the engine itself is gone.
 */
export async function recognize(
  image: PageImage,
  engine: OcrEngine,
  settings: Pick<RecognitionSettings, 'dpi' | 'language'>,
  signal: AbortSignal,
): Promise<ReadPage> {
  signal.throwIfAborted();
  const traits = analysePage(image, traitsOfLanguage(settings.language));
  if (traits.blank) return { state: 'blank', blocks: [], frame: wholeFrame(image) };
  const read = async (orientation: Orientation, pageSegMode: number): Promise<Reading> => {
    const prepared = prepareImage(image, orientation, traits, settings.dpi);
    const options: RecognizeOptions = { pageSegMode, mayBeInverted: traits.mayBeInverted };
    const { blocks } = await engine.recognize(prepared.image, options, signal);
    const tidy = tidyBlocks(blocks);
    return { blocks: tidy, frame: prepared.frame, score: scoreReading(tidy) };
  };
  const { blocks, frame } = await readBestWay(traits, read);
  if (isOnlyDirt(blocks, traits.letters)) return { state: 'blank', blocks: [], frame: wholeFrame(image) };
  return { state: 'done', blocks, frame, confidence: meanConfidence(blocks) };
}

async function readBestWay(
  traits: PageTraits,
  read: (orientation: Orientation, pageSegMode: number) => Promise<Reading>,
): Promise<Reading> {
  const [likeliest, ...others] = traits.orientations as [Orientation, ...Orientation[]];
  let best = await read(likeliest, AUTOMATIC);
  for (const orientation of others.slice(0, othersToTry(traits.sureOf, likeliest, best.score))) {
    const next = await read(orientation, AUTOMATIC);
    if (next.score.total > best.score.total) best = next;
    if (best.score.confidence >= SURE_CONFIDENCE) break;
  }
  if (best.score.characters > 0) return best;
  const sparse = await read(likeliest, SPARSE);
  return sparse.score.total > best.score.total ? sparse : best;
}

/**
 * How many of the other orientations are worth a reading. Most pages stand upright: that a page does not must be borne out
 * by a sure reading, or its opposite is read too. A few words tell little by their shapes alone.
 */
function othersToTry(
  sureOf: PageTraits['sureOf'],
  likeliest: Orientation,
  { confidence, characters }: ReadingScore,
): number {
  if (confidence >= SURE_CONFIDENCE && characters > 0) return 0;
  if (sureOf === 'nothing') return 3;
  if (sureOf === 'lines' || likeliest.turnDeg !== 0) return 1;
  return confidence < DOUBTFUL_CONFIDENCE ? 1 : 0;
}

/** Unicode NFC; words without text are left out, and lines, paragraphs and blocks without words. */
function tidyBlocks(blocks: readonly Block[]): readonly Block[] {
  return blocks.flatMap((block) => {
    const paragraphs = block.paragraphs.flatMap((paragraph) => {
      const lines = paragraph.lines.flatMap((line) => {
        const words = line.words.flatMap((word) => {
          const text = word.text.normalize('NFC').trim();
          return text === '' ? [] : [text === word.text ? word : { ...word, text }];
        });
        return words.length > 0 ? [{ ...line, words }] : [];
      });
      return lines.length > 0 ? [{ ...paragraph, lines }] : [];
    });
    return paragraphs.length > 0 ? [{ ...block, paragraphs }] : [];
  });
}

function wholeFrame({ widthPx, heightPx }: PageImage): RecognizedFrame {
  return { widthPx, heightPx, toImage: [1, 0, 0, 1, 0, 0], turnedDeg: 0, skewDeg: 0 };
}
