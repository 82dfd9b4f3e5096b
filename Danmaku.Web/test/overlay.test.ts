// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { MODES } from '../src/client/messages';
import { DanmakuOverlay, MAX_ON_STAGE } from '../src/overlay/danmakuoverlay';
import type { Frames } from '../src/overlay/frames';
import { isDark } from '../src/overlay/item';
import { paceOf } from '../src/overlay/media';
import type { PacedMedia } from '../src/overlay/media';
import type { Flight } from '../src/overlay/overlay';
import { ManualClock } from './manualclock';

/** Pictures come when a test says so. */
class ManualFrames {
  private waiting: (() => void)[] = [];

  readonly request: Frames = (run) => {
    this.waiting.push(run);
    return () => {
      this.waiting = this.waiting.filter((other) => other !== run);
    };
  };

  get length(): number {
    return this.waiting.length;
  }

  draw(): void {
    for (const run of this.waiting.splice(0)) {
      run();
    }
  }
}

let clock: ManualClock;
let container: HTMLElement;
let size: { width: number; height: number };
let frames: ManualFrames;
let lessMotion: { matches: boolean; readonly listeners: Set<() => void> };
let resized: () => void;
let overlay: DanmakuOverlay;
/** Pixels of a character of `medium`. */
let charWidth: number;

beforeEach(() => {
  vi.stubGlobal(
    'ResizeObserver',
    class {
      constructor(callback: () => void) {
        resized = callback;
      }
      observe(): void {}
      disconnect(): void {}
    },
  );
  clock = new ManualClock();
  frames = new ManualFrames();
  charWidth = 20;
  size = { width: 1280, height: 720 };
  container = stage();
  lessMotion = { matches: false, listeners: new Set() };
  overlay = new DanmakuOverlay(container, {
    clock,
    frames: frames.request,
    measure: (element) => (element.textContent ?? '').length * charWidth,
    lessMotion: {
      get matches() {
        return lessMotion.matches;
      },
      addEventListener: (_: string, listener: () => void) => void lessMotion.listeners.add(listener),
      removeEventListener: (_: string, listener: () => void) => void lessMotion.listeners.delete(listener),
    },
  });
});

afterEach(() => {
  overlay.destroy();
  container.remove();
  vi.unstubAllGlobals();
});

/** happy-dom lays nothing out. */
function stage(): HTMLElement {
  const element = document.createElement('div');
  Object.defineProperty(element, 'offsetWidth', { get: () => size.width });
  Object.defineProperty(element, 'offsetHeight', { get: () => size.height });
  document.body.append(element);
  return element;
}

function resize(width: number, height: number, chars: number): void {
  [size.width, size.height, charWidth] = [width, height, chars];
  resized();
}

/** Time goes by, with a picture every 20 ms. */
function watch(milliseconds: number): void {
  for (let passed = 0; passed < milliseconds; passed += 20) {
    clock.advance(20);
    frames.draw();
  }
}

let offset = 0;
function flight(more: Partial<Flight> = {}): Flight {
  return { text: 'hello', mode: 'scroll', color: '#ffffff', size: 'medium', own: false, position: { epoch: 7, offset: ++offset }, ...more };
}

const items = () => [...container.querySelectorAll<HTMLElement>('.danmaku-item')];
const texts = () => items().map((item) => item.textContent);

describe('what moderators take back', () => {
  test('leaves the stage, and what was said after it stays', () => {
    overlay.show(flight({ text: 'before', time: 5, user: 'm', position: { epoch: 7, offset: 1 } }));
    overlay.show(flight({ text: 'theirs', time: 5, user: 'k', position: { epoch: 7, offset: 2 } }));
    overlay.show(flight({ text: 'after', time: 6, user: 'm', position: { epoch: 7, offset: 4 } }));

    overlay.recall([{ recall: { user: 'm', since: 5 }, before: { epoch: 7, offset: 3 } }]);

    expect(texts()).toEqual(['theirs', 'after']);
  });

  test('does not fly later when it waited for room', () => {
    resize(1280, 40, 20);
    overlay.show(flight({ text: 'flies', position: { epoch: 7, offset: 1 } }));
    overlay.show(flight({ text: 'waits', position: { epoch: 7, offset: 2 } }));
    expect(texts()).toEqual(['flies']);

    overlay.recall([{ recall: { epoch: 7, offset: 2 }, before: { epoch: 7, offset: 3 } }]);
    watch(1400);

    expect(texts()).toEqual(['flies']);
  });
});
const left = (item: HTMLElement | undefined) => Number(/translateX\((.*)px\)/.exec(item?.style.transform ?? '')?.[1]);
const lefts = () => items().map(left);
const row = (item: HTMLElement) => Number(item.style.getPropertyValue('--row'));
const rowHeight = () => Number.parseInt(container.style.getPropertyValue('--row-height'), 10);

/** Pairs that touch, and what is not wholly on the stage from top to bottom. */
function wrong(): string[] {
  const boxes = items().map((item) => {
    const x = left(item);
    const top = 4 + row(item) * rowHeight();
    const rows = Number(item.style.getPropertyValue('--rows'));
    const maxWidth = Number.parseFloat(item.style.maxWidth) || Infinity;
    return { text: item.textContent, x, right: x + Math.min(maxWidth, (item.textContent ?? '').length * charWidth), top, bottom: top + rows * rowHeight() };
  });
  const outside = boxes.filter(({ top, bottom }) => top < 0 || bottom > size.height).map(({ text }) => `${text} is outside`);
  const touching = boxes.flatMap((a, i) =>
    boxes
      .slice(i + 1)
      .filter((b) => a.x < b.right && b.x < a.right && a.top < b.bottom && b.top < a.bottom)
      .map((b) => `${a.text} and ${b.text} touch`),
  );
  return [...outside, ...touching];
}

describe('DanmakuOverlay', () => {
  test('shows a danmaku as text with its offset', () => {
    overlay.show(flight({ text: '<img src=x onerror=alert(1)>弹幕', color: '#ff8800', position: { epoch: 7, offset: 41 } }));

    const [item] = items();
    expect(item?.textContent).toBe('<img src=x onerror=alert(1)>弹幕');
    expect(item?.childElementCount).toBe(0);
    expect(item?.dataset['offset']).toBe('41');
    expect(item?.style.getPropertyValue('--color')).toBe('#ff8800');
  });

  test('crosses in eight seconds or stands for five, as the mode says, and is gone then', () => {
    for (const mode of ['scroll', 'reverse', 'top', 'bottom'] as const) {
      overlay.show(flight({ mode, text: 'ten chars.' }));
    }
    const start = lefts();
    watch(4000);
    const middle = lefts();

    expect(start).toEqual([1280, -200, 540, 540]);
    expect(middle).toEqual([540, 540, 540, 540]);
    watch(1000);
    expect(items()).toHaveLength(2);
    watch(3000);
    expect(items()).toEqual([]);
    expect(frames.length).toBe(0);
  });

  test('sets a standing text that is too wide smaller', () => {
    overlay.show(flight({ mode: 'top', text: 'x'.repeat(80) }));

    expect(Number(items()[0]?.style.getPropertyValue('--scale'))).toBeCloseTo((1280 * 0.92) / 1600);
    expect(items()[0]?.style.maxWidth).not.toBe('');
  });

  test('outlines own danmaku, also those known as own only later', () => {
    overlay.show(flight({ own: true }));
    overlay.show(flight({ position: { epoch: 7, offset: 99 } }));

    overlay.markOwn({ epoch: 7, offset: 99 });

    expect(items().map((item) => item.classList.contains('own'))).toEqual([true, true]);
  });

  test('leaves out what does not fit and keeps nothing of it', () => {
    for (let i = 0; i < 500; i++) {
      overlay.show(flight({ mode: 'top' }));
    }
    const rows = items().length;
    watch(4000);

    expect(rows).toBeLessThan(20);
    expect(items()).toHaveLength(rows);
    watch(2000);
    expect(items()).toEqual([]);
    overlay.show(flight({ mode: 'top' }));
    expect(items()).toHaveLength(1);
  });

  test('shows what waited as soon as there is room', () => {
    for (let i = 0; i < 25; i++) {
      overlay.show(flight({ text: 'abc' }));
    }
    const first = items().length;
    watch(1400);

    expect(first).toBeLessThan(25);
    expect(items()).toHaveLength(25);
  });

  test('has a limit to what is on the stage at once', () => {
    let most = 0;
    for (let i = 0; i < 1200; i++) {
      overlay.show(flight({ text: 'x' }));
      clock.advance(10);
      if (i % 20 === 0) {
        frames.draw();
        most = Math.max(most, items().length);
      }
    }

    expect(most).toBe(MAX_ON_STAGE);
  });

  test('shows an own danmaku at once on the fullest stage', () => {
    for (let i = 0; i < 100; i++) {
      overlay.show(flight({ mode: 'top' }));
    }

    overlay.show(flight({ own: true, text: 'mine' }));

    expect(texts()).toContain('mine');
  });

  test('shows and keeps nothing while it is not running', () => {
    overlay.show(flight());
    overlay.setRunning(false);
    for (let i = 0; i < 100; i++) {
      overlay.show(flight());
    }

    overlay.setRunning(true);
    watch(5000);

    expect(items()).toEqual([]);
    overlay.show(flight({ text: 'again' }));
    expect(texts()).toEqual(['again']);
  });
});

describe('over a video', () => {
  let pace: number;

  beforeEach(() => {
    pace = 1;
    overlay.follow(() => pace);
  });

  test('that stands still, all danmaku stand still, for as long as it does', () => {
    for (const mode of ['scroll', 'reverse', 'top', 'bottom'] as const) {
      overlay.show(flight({ mode }));
    }
    watch(1000);
    const before = lefts();

    pace = 0;
    watch(60_000);

    expect(lefts()).toEqual(before);
    pace = 1;
    watch(3980);
    expect(items()).toHaveLength(4);
    watch(20);
    expect(items()).toHaveLength(2);
  });

  test('at twice the rate danmaku cross twice as fast and make room twice as fast', () => {
    pace = 2;
    overlay.show(flight({ text: 'ten chars.' }));
    watch(2000);

    expect(lefts()).toEqual([540]);
    watch(2000);
    expect(items()).toEqual([]);
  });

  test('whose rate changes on the way, nothing jumps and nothing ever touches', () => {
    const mistakes: string[] = [];
    for (let i = 0; i < 400; i++) {
      pace = [0, 0.5, 1, 2, 16][Math.floor(i / 7) % 5] ?? 1;
      overlay.show(flight({ text: 'x'.repeat(1 + ((i * 7) % 40)) }));
      const before = new Map(items().map((item) => [item, left(item)]));
      watch(20);
      for (const item of items()) {
        const step = Math.abs(left(item) - (before.get(item) ?? NaN));
        // The widest, 1280 + 800 pixels, needs 8 s.
        if (step > 2080 / 400 * pace + 0.001) {
          mistakes.push(`jumps by ${step} at ${pace}`);
        }
      }
      mistakes.push(...wrong());
    }

    expect(mistakes).toEqual([]);
  });

  test('that stands still, what comes waits for it', () => {
    pace = 0;
    for (let i = 0; i < 30; i++) {
      overlay.show(flight({ text: 'abc' }));
    }
    watch(60_000);
    const there = items().length;

    pace = 1;
    watch(1400);

    expect(items().length).toBeGreaterThan(there);
  });
});

describe('on a stage that changes its size', () => {
  test.each([
    ['a phone held upright', 390, 219, 9],
    ['a phone held sideways', 844, 475, 14],
    ['a full screen', 2560, 1440, 20],
  ])('like %s, nothing touches and nothing is outside, from the first picture on', (_, width, height, chars) => {
    for (let i = 0; i < 300; i++) {
      const mode = MODES[i % 5] ?? 'scroll';
      overlay.show(flight({ mode, text: 'x'.repeat(1 + ((i * 7) % 40)), size: i % 9 === 0 ? 'large' : 'medium' }));
      watch(20);
    }
    const before = items().length;

    resize(width, height, chars);
    const mistakes = [...wrong()];
    const after = items().length;
    for (let i = 0; i < 100; i++) {
      overlay.show(flight({ mode: MODES[i % 5] ?? 'scroll', text: 'x'.repeat(1 + ((i * 7) % 40)) }));
      watch(100);
      mistakes.push(...wrong());
    }

    expect(before).toBeGreaterThan(15);
    expect(after).toBeGreaterThan(3);
    expect(mistakes).toEqual([]);
  });

  test('a danmaku goes on from the same part of its way', () => {
    overlay.show(flight({ text: 'ten chars.' }));
    watch(2000);

    resize(400, 300, 10);

    expect(lefts()).toEqual([400 - (400 + 100) / 4]);
  });

  test('own ones stay where others have to leave', () => {
    for (let i = 0; i < 13; i++) {
      overlay.show(flight({ mode: 'top', text: `other ${i}` }));
    }
    overlay.show(flight({ mode: 'top', text: 'mine', own: true }));

    resize(390, 60, 9);

    expect(texts()).toContain('mine');
    expect(items().length).toBeLessThan(5);
    expect(wrong()).toEqual([]);
  });

  test('what does not show anything keeps nothing', () => {
    overlay.show(flight());

    resize(0, 0, 9);

    expect(items()).toEqual([]);
  });
});

describe('for people who asked for less motion', () => {
  test.each(MODES)('a danmaku of mode %s is shown and stands still', (mode) => {
    lessMotion.matches = true;
    overlay.show(flight({ mode, text: 'ten chars.' }));
    const before = lefts();
    watch(4900);

    expect(before).toEqual([540]);
    expect(lefts()).toEqual(before);
    watch(100);
    expect(items()).toEqual([]);
  });

  test('nothing moves any more from the moment they ask for it', () => {
    overlay.show(flight());

    lessMotion.matches = true;
    lessMotion.listeners.forEach((listener) => listener());

    expect(items()).toEqual([]);
  });
});

test.each<[string, Partial<PacedMedia>, number]>([
  ['plays', {}, 1],
  ['plays at twice the rate', { playbackRate: 2 }, 2],
  ['is paused', { paused: true, playbackRate: 2 }, 0],
  ['waits for data', { readyState: 2 }, 0],
  ['has just been opened', { readyState: 0 }, 0],
  ['seeks', { seeking: true }, 0],
  ['is over', { ended: true }, 0],
  ['runs backwards', { playbackRate: -1 }, 0],
])('a video that %s: %j, pace %d', (_, more, pace) => {
  expect(paceOf({ paused: false, ended: false, seeking: false, readyState: 4, playbackRate: 1, ...more })).toBe(pace);
});

test.each([
  ['#000000', true],
  ['#101018', true],
  ['#0000ff', true],
  ['#ff6b6b', false],
  ['#ffffff', false],
])('isDark(%s) is %s', (color, dark) => {
  expect(isDark(color)).toBe(dark);
});
