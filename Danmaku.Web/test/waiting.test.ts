import { describe, expect, test } from 'vitest';

import type { Flight } from '../src/overlay/overlay';
import { MAX_WAIT, MAX_WAITING, WaitingLine } from '../src/overlay/waiting';

function flight(offset: number, own = false): Flight {
  return { text: String(offset), mode: 'scroll', color: '#ffffff', size: 'medium', own, position: { epoch: 1, offset } };
}

function offered(line: WaitingLine, now: number): number[] {
  const offsets: number[] = [];
  line.offer(now, (waiting) => {
    offsets.push(waiting.position.offset);
    return false;
  });
  return offsets;
}

describe('WaitingLine', () => {
  test('keeps the order and what could not be taken', () => {
    const line = new WaitingLine();
    [1, 2, 3].forEach((offset) => line.add(flight(offset), 0));

    line.offer(0, (waiting) => waiting.position.offset === 2);

    expect(offered(line, 0)).toEqual([1, 3]);
  });

  test('forgets who waited too long, but never an own one', () => {
    const line = new WaitingLine();
    line.add(flight(1), 0);
    line.add(flight(2, true), 0);
    line.add(flight(3), 10);

    expect(offered(line, MAX_WAIT + 5)).toEqual([2, 3]);
  });

  test('lets own ones go first', () => {
    const line = new WaitingLine();
    line.add(flight(1), 0);
    line.add(flight(2, true), 0);
    line.add(flight(3, true), 0);

    expect(offered(line, 0)).toEqual([2, 3, 1]);
  });

  test('stays bounded by leaving out every second one', () => {
    const line = new WaitingLine();
    for (let offset = 1; offset <= 1000; offset++) {
      line.add(flight(offset), 0);
    }

    expect(line.length).toBeLessThanOrEqual(MAX_WAITING);
    expect(offered(line, 0).at(-1)).toBe(1000);
  });
});
