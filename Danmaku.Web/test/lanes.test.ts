import { describe, expect, test } from 'vitest';

import { MODES } from '../src/client/messages';
import { Lanes } from '../src/overlay/lanes';
import type { Visitor } from '../src/overlay/lanes';

const WIDTH = 1000;

function lanes(rows = 10): Lanes {
  const made = new Lanes();
  made.resize(rows, WIDTH);
  return made;
}

function scroll(width = 200, rows = 2): Visitor {
  return { mode: 'scroll', width, rows, seconds: 8 };
}

function top(rows = 2): Visitor {
  return { mode: 'top', width: 200, rows, seconds: 5 };
}

describe('Lanes', () => {
  test('fills from the top, from the bottom for what belongs there', () => {
    const stage = lanes();

    expect([stage.place(scroll(), 0), stage.place(scroll(), 0), stage.place({ ...top(), mode: 'bottom' }, 0)]).toEqual([0, 2, 8]);
  });

  test('has no room on a full stage, and has again later', () => {
    const stage = lanes(4);

    expect([0, 0, 0, 2600, 2600, 2600].map((now) => stage.place(scroll(), now))).toEqual([0, 2, null, 0, 2, null]);
  });

  test('does not let a long one run into a short one', () => {
    const stage = lanes(2);
    stage.place(scroll(100), 0);

    expect(stage.place(scroll(900), 2000)).toBeNull();
    expect(stage.place(scroll(100), 2000)).toBe(0);
  });

  test('keeps away from what stands still until it is gone', () => {
    const stage = lanes(2);
    stage.place(top(), 0);

    expect(stage.place(scroll(), 4999)).toBeNull();
    expect(stage.place(scroll(), 5000)).toBe(0);
  });

  test('keeps opposite directions apart', () => {
    const stage = lanes(4);
    stage.place(scroll(), 0);

    expect(stage.place({ ...scroll(), mode: 'reverse' }, 4000)).toBe(2);
  });

  test('spreads over the rows while there are enough', () => {
    const stage = lanes();
    stage.place(scroll(), 0);

    // The first row would be free by now, but only just.
    expect(stage.place(scroll(), 2000)).toBe(2);
  });

  test('finds a place for what must be shown where it disturbs least', () => {
    const stage = lanes(4);
    stage.place(top(), 0);
    stage.place(top(), 0);
    stage.force(top(), 0);

    expect(stage.force(top(), 0)).toBe(2);
  });

  test('has no place on a stage without rows', () => {
    expect(lanes(1).place(scroll(), 0)).toBeNull();
  });

  test('never lets two danmaku touch, whatever comes', () => {
    const random = generator(7);
    const stage = lanes(12);
    const placed: (Visitor & { row: number; start: number })[] = [];
    for (let now = 0; now < 60_000; now += Math.floor(random() * 120)) {
      const mode = MODES[Math.floor(random() * 5)] ?? 'scroll';
      const moves = mode === 'scroll' || mode === 'reverse';
      const visitor = { mode, width: 40 + Math.floor(random() * 900), rows: random() < 0.2 ? 3 : 2, seconds: moves ? 8 : 5 };
      const row = stage.place(visitor, now);
      if (row !== null) {
        placed.push({ ...visitor, row, start: now });
      }
    }

    const left = (item: (typeof placed)[number], now: number) => {
      const way = ((WIDTH + item.width) * (now - item.start)) / (item.seconds * 1000);
      return item.mode === 'scroll' ? WIDTH - way : item.mode === 'reverse' ? way - item.width : (WIDTH - item.width) / 2;
    };
    const touching: string[] = [];
    for (let now = 0; now < 60_000; now += 50) {
      const there = placed.filter((item) => item.start <= now && now < item.start + item.seconds * 1000);
      for (const [i, a] of there.entries()) {
        for (const b of there.slice(i + 1)) {
          const sameRows = a.row < b.row + b.rows && b.row < a.row + a.rows;
          if (sameRows && left(a, now) < left(b, now) + b.width && left(b, now) < left(a, now) + a.width) {
            touching.push(`${now}: ${a.mode}@${a.row} and ${b.mode}@${b.row}`);
          }
        }
      }
    }

    expect(placed.length).toBeGreaterThan(100);
    expect(touching).toEqual([]);
  });
});

function generator(seed: number): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}
