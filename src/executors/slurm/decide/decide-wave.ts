import type { GatheredPages } from '../../executor.ts';

/** Seconds of one core a page takes before any was measured: native Tesseract on printed pages at 300 dpi. */
export const PRIOR_SECONDS_A_PAGE = 3;
/** A run of fewer pages is one small job, whatever they cost. */
export const SMALL_RUN_PAGES = 2_000;
/** Pages of the first wave of a larger run: two chunks that tell what a page costs on these nodes. */
export const CALIBRATION_PAGES = 200;
/** How long the first wave is waited for before the next is ordered by the prior: queues may be long. */
const CALIBRATION_PATIENCE_MS = 300_000;
/** A task should last 20 to 60 minutes. */
export const TARGET_MINUTES = 40;

/** What the decision is made of, beside the pages that wait. */
export interface WaveSituation {
  /** Nodes asked for at once. */
  readonly nodes: number;
  readonly coresPerTask: number;
  /** Absent before any page was measured. */
  readonly secondsAPage?: number | undefined;
  /** Tasks of ours that wait or run. */
  readonly liveTasks: number;
  /** Waves that were ordered in this session or are recovered. */
  readonly waves: number;
  /** Since the newest of them was ordered. */
  readonly sinceLastWaveMs: number;
  /** How long pages wait for company while nodes of ours stand idle. */
  readonly gatherMs: number;
  /** This program ends when all is ordered: nothing is held back. */
  readonly leaving: boolean;
}

/**
 * Decides how many of the waiting pages are ordered now, in one wave: when all are in, when there is work for the nodes
 * asked for, or when nodes stand idle and somebody has waited long enough. The first wave of a large run is small. Pure.
 */
export function decideWave(gathered: GatheredPages, situation: WaveSituation): number {
  const { pages, waitedMs, allIn, expectedPages } = gathered;
  const { nodes, coresPerTask, secondsAPage, liveTasks, waves, sinceLastWaveMs, gatherMs, leaving } = situation;
  if (pages === 0) return 0;
  if (leaving) return allIn ? pages : 0;
  const isMeasured = secondsAPage !== undefined;
  const isLarge = Math.max(expectedPages, pages) > SMALL_RUN_PAGES;
  if (isLarge && !isMeasured) {
    if (waves === 0)
      return pages >= CALIBRATION_PAGES || allIn || waitedMs >= gatherMs ? Math.min(pages, CALIBRATION_PAGES) : 0;
    if (liveTasks > 0 && sinceLastWaveMs < CALIBRATION_PATIENCE_MS) return 0;
  }
  if (allIn) return pages;
  if (liveTasks >= nodes) return 0;
  const worthPages = (nodes * coresPerTask * TARGET_MINUTES * 60) / (secondsAPage ?? PRIOR_SECONDS_A_PAGE);
  if (pages >= worthPages) return pages;
  return waitedMs >= gatherMs ? pages : 0;
}
