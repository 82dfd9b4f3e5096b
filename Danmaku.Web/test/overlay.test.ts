// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { DanmakuOverlay, MAX_ON_STAGE } from '../src/overlay/danmakuoverlay';
import { DanmakuEngine, MAX_EMITTED } from '../src/overlay/engine';
import type { Engine, Motion } from '../src/overlay/engine';
import { isDark } from '../src/overlay/item';
import type { Flight } from '../src/overlay/overlay';
import { ManualClock } from './manualclock';

/** Puts elements where the package would, and never takes them off. */
class FakeEngine implements Engine {
  readonly emitted: { readonly element: HTMLElement; readonly motion: Motion }[] = [];

  constructor(
    private readonly container: HTMLElement,
    readonly seconds: number,
  ) {}

  emit(element: HTMLElement, motion: Motion): void {
    this.emitted.push({ element, motion });
    this.container.append(element);
  }

  resize(): void {}

  clear(): void {
    this.container.replaceChildren();
  }

  destroy(): void {
    this.clear();
  }
}

let clock: ManualClock;
let container: HTMLElement;
let engines: FakeEngine[];
let overlay: DanmakuOverlay;

beforeEach(() => {
  clock = new ManualClock();
  container = stage(1280, 720);
  engines = [];
  overlay = new DanmakuOverlay(container, {
    clock,
    measure: (element) => (element.textContent ?? '').length * 20,
    createEngine: (layer, seconds) => {
      const engine = new FakeEngine(layer, seconds);
      engines.push(engine);
      return engine;
    },
  });
});

afterEach(() => {
  overlay.destroy();
  container.remove();
});

/** happy-dom lays nothing out. */
function stage(width: number, height: number): HTMLElement {
  const element = document.createElement('div');
  Object.defineProperty(element, 'offsetWidth', { value: width });
  Object.defineProperty(element, 'offsetHeight', { value: height });
  document.body.append(element);
  return element;
}

let offset = 0;
function flight(more: Partial<Flight> = {}): Flight {
  return { text: 'hello', mode: 'scroll', color: '#ffffff', size: 'medium', own: false, position: { epoch: 7, offset: ++offset }, ...more };
}

const items = () => [...container.querySelectorAll<HTMLElement>('.danmaku-item')];
const emitted = () => engines.reduce((sum, engine) => sum + engine.emitted.length, 0);

describe('DanmakuOverlay', () => {
  test('shows a danmaku as text with its offset', () => {
    overlay.show(flight({ text: '<img src=x onerror=alert(1)>弹幕', color: '#ff8800', position: { epoch: 7, offset: 41 } }));

    const [item] = items();
    expect(item?.textContent).toBe('<img src=x onerror=alert(1)>弹幕');
    expect(item?.childElementCount).toBe(0);
    expect(item?.dataset['offset']).toBe('41');
    expect(item?.style.getPropertyValue('--color')).toBe('#ff8800');
  });

  test('moves and stands as the mode says', () => {
    for (const mode of ['scroll', 'reverse', 'top', 'bottom'] as const) {
      overlay.show(flight({ mode }));
    }

    expect(engines.map((engine) => engine.emitted.map(({ motion }) => motion))).toEqual([['rtl', 'ltr'], ['top', 'top']]);
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
    const rows = emitted();
    clock.advance(4000);

    expect(rows).toBeLessThan(20);
    expect(emitted()).toBe(rows);
    clock.advance(2000);
    overlay.show(flight({ mode: 'top' }));
    expect(emitted()).toBe(rows + 1);
  });

  test('shows what waited as soon as there is room', () => {
    for (let i = 0; i < 25; i++) {
      overlay.show(flight({ text: 'abc' }));
    }
    const first = emitted();
    clock.advance(1400);

    expect(first).toBeLessThan(25);
    expect(emitted()).toBe(25);
  });

  test('has a limit to what is on the stage at once', () => {
    for (let i = 0; i < 3000; i++) {
      overlay.show(flight({ text: 'x' }));
      clock.advance(10);
    }
    const lastEightSeconds = emitted();
    clock.advance(20_000);
    const before = emitted();
    for (let i = 0; i < 800; i++) {
      overlay.show(flight({ text: 'x' }));
      clock.advance(9);
    }

    expect(lastEightSeconds).toBeGreaterThan(MAX_ON_STAGE);
    expect(emitted() - before).toBeLessThanOrEqual(MAX_ON_STAGE);
  });

  test('shows an own danmaku at once on the fullest stage', () => {
    for (let i = 0; i < 100; i++) {
      overlay.show(flight({ mode: 'top' }));
    }

    overlay.show(flight({ own: true, text: 'mine' }));

    expect(items().map((item) => item.textContent)).toContain('mine');
  });

  test('shows and keeps nothing while it is not running', () => {
    overlay.show(flight());
    overlay.setRunning(false);
    for (let i = 0; i < 100; i++) {
      overlay.show(flight());
    }

    overlay.setRunning(true);
    clock.advance(5000);

    expect(items()).toEqual([]);
    overlay.show(flight({ text: 'again' }));
    expect(items().map((item) => item.textContent)).toEqual(['again']);
  });
});

describe('DanmakuEngine', () => {
  test('starts afresh before the package has piled up too much, and lets what flies fly on', () => {
    const layer = stage(1280, 720);
    const engine = new DanmakuEngine(layer, 8, clock);
    const emit = (count: number) => {
      for (let i = 0; i < count; i++) {
        engine.emit(document.createElement('div'), 'rtl');
      }
    };

    emit(MAX_EMITTED);
    expect(layer.childElementCount).toBe(1);
    emit(1);
    expect(layer.childElementCount).toBe(2);
    clock.advance(9000);
    expect(layer.childElementCount).toBe(1);
    emit(3 * MAX_EMITTED);
    expect(layer.childElementCount).toBe(2);

    engine.destroy();
    expect(layer.childElementCount).toBe(0);
  });
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
