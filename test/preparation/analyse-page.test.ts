import { describe, expect, test } from 'vitest';
import type { PageImage } from '../../src/core/page.ts';
import { analysePage, type PageTraits } from '../../src/preparation/analyse-page.ts';
import { straightenImage } from '../../src/preparation/rotate-image.ts';
import { traitsOfLanguage } from '../../src/preparation/scripts.ts';
import { turnImage } from '../../src/preparation/turn-image.ts';
import { blankPage, drawTextPage, repaint, STORY, toBits } from '../engines/text-page.ts';

const LATIN = traitsOfLanguage('eng');
const analyse = (image: PageImage): PageTraits => analysePage(image, LATIN);
const page = await drawTextPage({ lines: STORY });

/** How each way of lying is undone. */
const UNDO = { 0: 0, 90: 270, 180: 180, 270: 90 } as const;

describe('the orientation of a page', () => {
  test.each([0, 90, 180, 270] as const)('is found when it is turned by %d degrees', (turnDeg) => {
    for (const image of [page, toBits(page)]) {
      const traits = analyse(turnImage(image, turnDeg));
      expect(traits.orientations[0]?.turnDeg).toBe(UNDO[turnDeg]);
      expect(traits.sureOf).toBe('upright');
      expect(new Set(traits.orientations.map((orientation) => orientation.turnDeg))).toEqual(
        new Set([0, 90, 180, 270]),
      );
    }
  });

  test.each([-10, -5, -2, -0.6, 0, 0.6, 2, 5, 10])('is found with its lines at %d degrees', (skewDeg) => {
    const skewed = straightenImage(page, -skewDeg);
    for (const turnDeg of [0, 90, 180, 270] as const) {
      const [first] = analyse(turnImage(skewed, turnDeg)).orientations;
      expect(first?.turnDeg).toBe(UNDO[turnDeg]);
      expect(Math.abs((first?.skewDeg ?? 99) - skewDeg)).toBeLessThan(0.15);
    }
  });

  test('is left open where there is too little to go by', async () => {
    const traits = analyse(await drawTextPage({ lines: ['Errata', 'p. 4, line 7'] }));
    expect(traits.sureOf).toBe('nothing');
    expect(traits.orientations[0]?.turnDeg).toBe(0);
  });

  test('is not judged by the shapes of letters that are not Latin', () => {
    const traits = analysePage(turnImage(page, 180), traitsOfLanguage('rus'));
    expect(traits.orientations[0]?.turnDeg).toBe(0);
    expect(traits.sureOf).toBe('lines');
    expect(analysePage(turnImage(page, 90), traitsOfLanguage('jpn_vert')).orientations[0]).toEqual({
      turnDeg: 0,
      skewDeg: 0,
    });
  });
});

describe('a blank page', () => {
  const dots = (
    image: ReturnType<typeof blankPage>,
    places: readonly (readonly [x: number, y: number, radius: number])[],
    light: number,
  ) =>
    repaint(image, (old, x, y) => (places.some(([cx, cy, r]) => (x - cx) ** 2 + (y - cy) ** 2 <= r * r) ? light : old));

  test.each([
    ['has nothing', blankPage()],
    [
      'has punch holes',
      dots(
        blankPage(),
        [
          [80, 700, 25],
          [80, 1500, 25],
        ],
        0,
      ),
    ],
    [
      'has specks of dirt',
      dots(
        blankPage(),
        [
          [300, 400, 2],
          [900, 800, 3],
          [1200, 1500, 2],
          [333, 2000, 1],
          [1500, 300, 3],
        ],
        20,
      ),
    ],
    ['has the dark edge of a scan', repaint(blankPage(), (old, x) => (x < 60 ? 10 : old))],
    ['has a black frame', repaint(blankPage(), (old, x, y) => (x < 40 || y < 30 || x > 1660 || y > 2150 ? 0 : old))],
    [
      'is tinted and unevenly lit',
      repaint(blankPage(), (_, x, y) => 150 + Math.floor((x + y) / 60) + ((x * 7 + y * 13) % 5)),
    ],
    ['has a fold across it', repaint(blankPage(), (old, _x, y) => (y >= 1100 && y < 1103 ? 90 : old))],
  ])('%s', (_what, image) => {
    expect(analyse(image).blank).toBe(true);
    expect(analyse(toBits(image)).blank).toBe(true);
  });

  test('may show the other side faintly', () => {
    const behind = repaint(turnImage(page, 0) as typeof page, (light) => 235 - Math.round((255 - light) * 0.12));
    expect(analyse(behind).blank).toBe(true);
  });

  test.each([
    ['one short line', ['Errata.']],
    ['a page number', ['12']],
    ['one letter more', ['To H. M.']],
  ])('is not one with %s', async (_what, lines) => {
    const image = await drawTextPage({ lines, sizePt: 10 });
    expect(analyse(image).blank).toBe(false);
    expect(analyse(toBits(image)).blank).toBe(false);
  });

  test('is not one with faint text', async () => {
    const faint = repaint(await drawTextPage({ lines: STORY }), (light) => 240 - Math.round((255 - light) * 0.4));
    expect(analyse(faint).blank).toBe(false);
  });
});

describe('light on dark', () => {
  test('is noticed on a dark bar with light letters, and not on plain text', async () => {
    const heading = await drawTextPage({ lines: ['THE LIGHTHOUSE', '', '', ...STORY], sizePt: 12 });
    expect(analyse(heading).mayBeInverted).toBe(false);
    const bar = repaint(heading, (light, _x, y) => (y > 180 && y < 290 ? 255 - light : light));
    expect(analyse(bar).mayBeInverted).toBe(true);
    expect(analyse(toBits(bar)).mayBeInverted).toBe(true);
  });

  test('is not a black bar alone', async () => {
    const bar = repaint(page, (light, x, y) => (y > 1000 && y < 1150 && x > 200 && x < 1500 ? 0 : light));
    expect(analyse(bar).mayBeInverted).toBe(false);
  });
});

describe('the height of letters', () => {
  test('grows with the resolution', async () => {
    const [low, high] = [
      await drawTextPage({ lines: STORY, dpi: 100 }),
      await drawTextPage({ lines: STORY, dpi: 600 }),
    ];
    expect(analyse(low).letterPx).toBeGreaterThanOrEqual(6);
    expect(analyse(low).letterPx).toBeLessThanOrEqual(10);
    expect(analyse(high).letterPx).toBeGreaterThanOrEqual(40);
    expect(analyse(high).letterPx).toBeLessThanOrEqual(60);
  });
});
