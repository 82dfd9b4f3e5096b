import { systemClock } from '../client/clock';
import type { Cancel, Clock } from '../client/clock';
import type { Mode, Position } from '../client/messages';
import { DanmakuEngine } from './engine';
import type { Engine, Motion } from './engine';
import { createItem, LOOKS, positionKey } from './item';
import { Lanes } from './lanes';
import type { Visitor } from './lanes';
import type { Flight, Overlay } from './overlay';
import { WaitingLine } from './waiting';

/** How long a danmaku crosses the stage, and how long one stands still to be read. */
const CROSSING_SECONDS = 8;
const STANDING_SECONDS = 5;

/** On the stage at once. More than this is unreadable on any screen, and work for the browser. */
export const MAX_ON_STAGE = 120;

/** How often the waiting line is looked at. */
const LOOK_EVERY = 120;

/** The part of the stage's width that something standing may take; longer texts are set smaller, then cut. */
const MAX_STANDING = 0.92;
const MIN_SHRINK = 0.6;

/** Smallest and greatest size of `medium` in pixels, and its part of the stage's height in between. */
const FONT = { min: 15, max: 34, part: 0.05 };

/** What stands at the bottom is for the package the same as what stands at the top: rows are our business. */
const MOTIONS: Readonly<Record<Mode, Motion>> = { scroll: 'rtl', reverse: 'ltr', top: 'top', bottom: 'top' };

interface Prepared {
  /** Holds the item. It has no height itself, see {@link DanmakuEngine}. */
  readonly element: HTMLElement;
  readonly visitor: Visitor;
  readonly motion: Motion;
}

export interface DanmakuOverlayOptions {
  readonly clock?: Clock;
  readonly createEngine?: (container: HTMLElement, seconds: number, clock: Clock) => Engine;
  readonly measure?: (element: HTMLElement) => number;
}

/** Danmaku as elements: lanes are chosen by {@link Lanes}, density by {@link WaitingLine}, motion is the package's. */
export class DanmakuOverlay implements Overlay {
  private readonly clock: Clock;
  private readonly measure: (element: HTMLElement) => number;
  private readonly crossing: Engine;
  private readonly standing: Engine;
  private readonly lanes = new Lanes();
  private readonly line = new WaitingLine();
  private readonly observer: ResizeObserver;
  private readonly prepared = new WeakMap<Flight, Prepared>();
  private readonly ruler = document.createElement('div');
  private cancelLook: Cancel | null = null;
  private running = true;
  private width = 0;

  constructor(
    private readonly container: HTMLElement,
    options: DanmakuOverlayOptions = {},
  ) {
    this.clock = options.clock ?? systemClock;
    this.measure = options.measure ?? ((element) => this.measureInPage(element));
    const createEngine = options.createEngine ?? ((...args) => new DanmakuEngine(...args));

    this.ruler.className = 'danmaku-ruler';
    container.append(this.ruler);
    this.crossing = createEngine(this.addLayer(), CROSSING_SECONDS, this.clock);
    this.standing = createEngine(this.addLayer(), STANDING_SECONDS, this.clock);
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(container);
    this.resize();
  }

  show(flight: Flight): void {
    if (!this.running || this.width === 0) {
      return;
    }
    this.line.add(flight, this.clock.now());
    if (this.cancelLook === null || flight.own) {
      this.look();
    }
  }

  markOwn(position: Position): void {
    const selector = `.danmaku-item[data-position="${positionKey(position)}"]`;
    this.container.querySelector(selector)?.classList.add('own');
  }

  setRunning(running: boolean): void {
    this.running = running;
    this.clear();
  }

  clear(): void {
    this.line.clear();
    this.lanes.clear();
    this.crossing.clear();
    this.standing.clear();
  }

  destroy(): void {
    this.cancelLook?.();
    this.observer.disconnect();
    this.crossing.destroy();
    this.standing.destroy();
    this.container.replaceChildren();
  }

  private look(): void {
    this.cancelLook?.();
    const now = this.clock.now();
    this.line.offer(now, (flight) => this.tryToFly(flight, now));
    this.cancelLook = this.line.length === 0 ? null : this.clock.after(LOOK_EVERY, () => this.look());
  }

  private tryToFly(flight: Flight, now: number): boolean {
    if (!flight.own && this.lanes.count(now) >= MAX_ON_STAGE) {
      return false;
    }
    const { element, visitor, motion } = this.prepare(flight);
    const row = flight.own ? this.lanes.force(visitor, now) : this.lanes.place(visitor, now);
    if (row === null) {
      return false;
    }

    element.style.setProperty('--row', String(row));
    (motion === 'top' ? this.standing : this.crossing).emit(element, motion);
    return true;
  }

  /** Measuring costs a layout, so somebody who waits is measured once. */
  private prepare(flight: Flight): Prepared {
    const known = this.prepared.get(flight);
    if (known !== undefined) {
      return known;
    }
    const item = createItem(flight);
    const motion = MOTIONS[flight.mode];
    let width = this.measure(item);
    const limit = this.width * MAX_STANDING;
    if (motion === 'top' && width > limit) {
      item.style.setProperty('--scale', String(LOOKS[flight.size].scale * Math.max(MIN_SHRINK, limit / width)));
      item.style.maxWidth = `${limit}px`;
      width = limit;
    }
    const seconds = motion === 'top' ? STANDING_SECONDS : CROSSING_SECONDS;
    const visitor: Visitor = { mode: flight.mode, width, rows: LOOKS[flight.size].rows, seconds };
    const element = document.createElement('div');
    element.className = 'danmaku-flight';
    element.append(item);
    const prepared = { element, visitor, motion };
    this.prepared.set(flight, prepared);
    return prepared;
  }

  private resize(): void {
    const height = this.container.offsetHeight;
    this.width = this.container.offsetWidth;
    const font = Math.min(FONT.max, Math.max(FONT.min, Math.round(height * FONT.part)));
    const rowHeight = Math.round(font * 0.75);
    this.container.style.setProperty('--font', `${font}px`);
    this.container.style.setProperty('--row-height', `${rowHeight}px`);
    this.lanes.resize(Math.floor(height / rowHeight), this.width);
    this.crossing.resize();
    this.standing.resize();
  }

  private addLayer(): HTMLElement {
    const layer = document.createElement('div');
    layer.className = 'danmaku-layer';
    this.container.append(layer);
    return layer;
  }

  private measureInPage(item: HTMLElement): number {
    this.ruler.replaceChildren(item);
    const width = item.offsetWidth;
    this.ruler.replaceChildren();
    return width;
  }
}
