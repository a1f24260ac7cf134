import { beforeEach, describe, expect, it } from 'vitest';
import { RequestQueue } from '../../src/work/request-queue.ts';

interface Page {
  readonly lane: string;
  readonly number: number;
}

describe('the queue of a pool', () => {
  let nowMs: number;
  let queue: RequestQueue<Page>;
  beforeEach(() => {
    nowMs = 0;
    queue = new RequestQueue(2, () => nowMs);
  });

  function add(lane: string, count: number): void {
    for (let number = 1; number <= count; number++) queue.add(lane, { lane, number });
  }

  function take(own?: string, moreToCome = false): Page {
    const page = queue.take(own, moreToCome);
    if (!page) throw new Error('nothing to take');
    return page;
  }

  function end(page: Page, tookMs: number, atLimit = false): void {
    nowMs += tookMs;
    queue.ended(page.lane, page, atLimit);
  }

  it('gives each worker a document, and leaves it there while it has pages', () => {
    add('a', 3);
    add('b', 3);
    const [first, second] = [take(), take()];
    expect([first.lane, second.lane]).toEqual(['a', 'b']);
    end(first, 1_000);
    end(second, 1_000);
    expect(take('b').lane).toBe('b');
    expect(take('a').lane).toBe('a');
  });

  it('shares out what is left of the last document', () => {
    add('a', 4);
    expect([take().number, take().number, take('a').number]).toEqual([1, 2, 3]);
  });

  it('puts a document whose pages take long behind all others', () => {
    add('slow', 3);
    add('good', 3);
    const slow = take();
    end(slow, 60_000);
    expect(take('slow').lane).toBe('good');
    expect(take('good').lane).toBe('good');
  });

  it('sees that a page takes long while it does', () => {
    add('slow', 3);
    take();
    nowMs = 25_000;
    add('good', 1);
    expect(take().lane).toBe('good');
    expect(queue.heldBack).toBe(1);
    expect(take().lane).toBe('slow');
  });

  it('gives a document one worker while nothing is known of it and others are to come', () => {
    add('new', 3);
    const first = take(undefined, true);
    expect(queue.take(undefined, true)).toBeUndefined();
    end(first, 100);
    expect(take('new', true).number).toBe(2);
    expect(take(undefined, true).number).toBe(3);
  });

  it('gives one that ran into a limit one worker, too', () => {
    add('bad', 3);
    end(take(undefined, true), 100, true);
    take('bad', true);
    expect(queue.take(undefined, true)).toBeUndefined();
    expect(queue.take(undefined, false)).toBeDefined();
  });

  it('does what is urgent first, but not with all workers where it hangs', () => {
    const urgent = [1, 2, 3].map((number): Page => ({ lane: `u${number}`, number }));
    for (const page of urgent) queue.addUrgent(page);
    add('a', 1);
    expect(take()).toBe(urgent[0]);
    nowMs = 20_000;
    expect(take().lane).toBe('a');
    expect(take()).toBe(urgent[1]);
  });

  it('does what is to run alone when nothing else is there, and nothing beside it', () => {
    const alone: Page = { lane: 'x', number: 1 };
    queue.addAlone(alone);
    add('a', 1);
    const page = take();
    expect(page.lane).toBe('a');
    expect(queue.take(undefined, false)).toBeUndefined();
    end(page, 10);
    expect(take()).toBe(alone);
    expect(queue.isAlone).toBe(true);
    add('b', 1);
    expect(queue.take(undefined, false)).toBeUndefined();
    end(alone, 10);
    expect(take().lane).toBe('b');
  });
});
