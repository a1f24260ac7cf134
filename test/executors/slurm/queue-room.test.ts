import { describe, expect, it } from 'vitest';
import { QueueRoom, type WaitingOrder } from '../../../src/executors/slurm/queue-room.ts';

const order = (): WaitingOrder => ({ groups: [], options: { secondsAPage: 1 } });
const MINUTE = 60_000;

describe('what waits for room in the queue', () => {
  it('is tried each minute, and at once when a job has ended', () => {
    const room = new QueueRoom();
    expect(room.defer(order(), 0)).toBe(true);
    expect(room.takeDue(false, MINUTE - 1)).toEqual([]);
    expect(room.isFull).toBe(true);
    expect(room.takeDue(true, 1)).toHaveLength(1);
    expect(room.isFull).toBe(false);
    // A person has heard of it.
    expect(room.defer(order(), 2)).toBe(false);
    expect(room.takeDue(false, 2 + MINUTE)).toHaveLength(1);
  });

  it('stops the run when nothing of ours is in the queue for half an hour, and not before', () => {
    const room = new QueueRoom();
    room.defer(order(), 0);
    room.checkPatience(true, 20 * MINUTE);
    room.checkPatience(false, 49 * MINUTE);
    expect(() => room.checkPatience(false, 50 * MINUTE)).toThrow(/for half an hour/);
    room.takeDue(true, 50 * MINUTE);
    room.checkPatience(false, 51 * MINUTE);
    expect(room.defer(order(), 52 * MINUTE)).toBe(true);
  });

  it('offers half of what was refused, and twice what was taken', () => {
    const room = new QueueRoom();
    expect(room.tasks).toBe(Infinity);
    room.recordRefused(9);
    expect(room.tasks).toBe(4);
    room.recordRefused(1);
    expect(room.tasks).toBe(1);
    room.recordTaken(1);
    expect(room.tasks).toBe(2);
    room.recordAllTaken();
    expect(room.tasks).toBe(Infinity);
  });
});
