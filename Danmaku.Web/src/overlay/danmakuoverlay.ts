import { systemClock } from '../client/clock';
import type { Cancel, Clock } from '../client/clock';
import type { Position } from '../client/messages';
import { isRecalled } from '../client/recalls';
import type { Recalled } from '../client/recalls';
import { nextFrame } from './frames';
import type { Frames } from './frames';
import { createItem, LOOKS, positionKey } from './item';
import { Lanes, wayOf } from './lanes';
import type { Occupant, Visitor } from './lanes';
import type { Flight, Overlay } from './overlay';
import { StageTime } from './stagetime';
import type { Pace } from './stagetime';
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

/** Pixels above the first row and below the last. */
const MARGIN = 4;

/** A danmaku that has been measured for the stage as it is. */
interface Prepared extends Visitor {
  readonly item: HTMLElement;
}

/** A danmaku on the stage. */
interface Flying {
  readonly flight: Flight;
  readonly item: HTMLElement;
  readonly place: Occupant;
}

export interface DanmakuOverlayOptions {
  readonly clock?: Clock;
  readonly frames?: Frames;
  readonly measure?: (element: HTMLElement) => number;
  /** Whether the person asked for less motion: then all danmaku stand. */
  readonly lessMotion?: LessMotion;
}

/** What of a MediaQueryList is needed. */
export interface LessMotion {
  readonly matches: boolean;
  addEventListener(type: 'change', listener: () => void): void;
  removeEventListener(type: 'change', listener: () => void): void;
}

/** Danmaku as elements: lanes are chosen by {@link Lanes}, density by {@link WaitingLine}, time goes by {@link StageTime}. */
export class DanmakuOverlay implements Overlay {
  private readonly clock: Clock;
  private readonly frames: Frames;
  private readonly measure: (element: HTMLElement) => number;
  private readonly lessMotion: LessMotion;
  private readonly time: StageTime;
  private readonly lanes = new Lanes();
  private readonly line = new WaitingLine();
  private readonly observer: ResizeObserver;
  private readonly ruler = document.createElement('div');
  private readonly onMotionChanged = () => this.clear();
  private prepared = new WeakMap<Flight, Prepared>();
  private flying: Flying[] = [];
  private cancelLook: Cancel | null = null;
  private cancelFrame: Cancel | null = null;
  private running = true;
  private width = 0;

  constructor(
    private readonly container: HTMLElement,
    options: DanmakuOverlayOptions = {},
  ) {
    this.clock = options.clock ?? systemClock;
    this.frames = options.frames ?? nextFrame;
    this.measure = options.measure ?? ((element) => this.measureInPage(element));
    this.lessMotion = options.lessMotion ?? matchMedia('(prefers-reduced-motion: reduce)');
    this.time = new StageTime(this.clock);

    this.ruler.className = 'danmaku-ruler';
    container.append(this.ruler);
    this.lessMotion.addEventListener('change', this.onMotionChanged);
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(container);
    this.resize();
  }

  show(flight: Flight): void {
    if (!this.running || this.width === 0) {
      return;
    }
    this.line.add(flight, this.time.now());
    if (this.cancelLook === null || flight.own) {
      this.look();
    }
  }

  markOwn(position: Position): void {
    const selector = `.danmaku-item[data-position="${positionKey(position)}"]`;
    this.container.querySelector(selector)?.classList.add('own');
  }

  recall(recalled: readonly Recalled[]): void {
    const isGone = (flight: Flight) => recalled.some((each) => isRecalled({ time: 0, ...flight }, each));
    this.line.remove(isGone);
    for (const { item } of this.flying.filter(({ flight }) => isGone(flight))) {
      item.remove();
    }
    this.flying = this.flying.filter(({ flight }) => !isGone(flight));
  }

  follow(pace: Pace): void {
    this.time.follow(pace);
  }

  setRunning(running: boolean): void {
    this.running = running;
    this.clear();
  }

  clear(): void {
    this.line.clear();
    this.lanes.clear();
    for (const { item } of this.flying) {
      item.remove();
    }
    this.flying = [];
  }

  destroy(): void {
    this.clear();
    this.cancelLook?.();
    this.cancelFrame?.();
    this.observer.disconnect();
    this.lessMotion.removeEventListener('change', this.onMotionChanged);
    this.container.replaceChildren();
  }

  private look(): void {
    this.cancelLook?.();
    const now = this.time.now();
    this.line.offer(now, (flight) => this.tryToFly(flight, now));
    this.cancelLook = this.line.length === 0 ? null : this.clock.after(LOOK_EVERY, () => this.look());
  }

  private tryToFly(flight: Flight, now: number): boolean {
    if (!flight.own && this.lanes.count(now) >= MAX_ON_STAGE) {
      return false;
    }
    const { item, ...visitor } = this.prepare(flight);
    const row = flight.own ? this.lanes.force(visitor, now) : this.lanes.place(visitor, now);
    if (row === null) {
      return false;
    }

    this.put({ flight, item, place: { ...visitor, row, start: now } }, now);
    this.container.append(item);
    this.cancelFrame ??= this.frames(() => this.frame());
    return true;
  }

  private frame(): void {
    const now = this.time.now();
    this.flying = this.flying.filter((each) => {
      const there = now < each.place.start + each.place.seconds * 1000;
      if (there) {
        this.move(each, now);
      } else {
        each.item.remove();
      }
      return there;
    });
    this.cancelFrame = this.flying.length === 0 ? null : this.frames(() => this.frame());
  }

  private put(flying: Flying, now: number): void {
    this.flying.push(flying);
    flying.item.style.setProperty('--row', String(flying.place.row));
    this.move(flying, now);
  }

  private move({ item, place }: Flying, now: number): void {
    item.style.transform = `translateX(${this.leftOf(place, now)}px)`;
  }

  private leftOf(place: Occupant, now: number): number {
    switch (place.mode) {
      case 'scroll':
        return this.width - wayOf(place, this.width, now);
      case 'reverse':
        return wayOf(place, this.width, now) - place.width;
      case 'top':
      case 'bottom':
        return (this.width - place.width) / 2;
    }
  }

  /** Measuring costs a layout, so somebody who waits is measured once. */
  private prepare(flight: Flight): Prepared {
    const known = this.prepared.get(flight);
    if (known !== undefined) {
      return known;
    }
    const moves = flight.mode === 'scroll' || flight.mode === 'reverse';
    const mode = moves && this.lessMotion.matches ? 'top' : flight.mode;
    const item = createItem({ ...flight, mode });
    const seconds = mode === 'top' || mode === 'bottom' ? STANDING_SECONDS : CROSSING_SECONDS;
    const prepared = { mode, width: this.fit(item, { ...flight, mode }), rows: LOOKS[flight.size].rows, seconds, item };
    this.prepared.set(flight, prepared);
    return prepared;
  }

  /** Sets something standing smaller if it is too wide. @returns How wide it is. */
  private fit(item: HTMLElement, { mode, size }: Pick<Flight, 'mode' | 'size'>): number {
    const width = this.measure(item);
    const limit = this.width * MAX_STANDING;
    if (width <= limit || mode === 'scroll' || mode === 'reverse') {
      return width;
    }
    item.style.setProperty('--scale', String(LOOKS[size].scale * Math.max(MIN_SHRINK, limit / width)));
    item.style.maxWidth = `${limit}px`;
    return limit;
  }

  private resize(): void {
    const height = this.container.offsetHeight;
    const font = Math.min(FONT.max, Math.max(FONT.min, Math.round(height * FONT.part)));
    const rowHeight = Math.round(font * 0.75);
    this.width = this.container.offsetWidth;
    this.container.style.setProperty('--font', `${font}px`);
    this.container.style.setProperty('--row-height', `${rowHeight}px`);
    this.container.style.setProperty('--margin', `${MARGIN}px`);
    this.lanes.resize(Math.floor((height - 2 * MARGIN) / rowHeight), this.width);
    this.prepared = new WeakMap();
    this.settle();
  }

  /** What is on the stage keeps its part of the way; where that is too narrow now, it changes its row or leaves. */
  private settle(): void {
    const now = this.time.now();
    const before = [...this.flying.filter(({ flight }) => flight.own), ...this.flying.filter(({ flight }) => !flight.own)];
    this.flying = [];
    for (const { flight, item } of before) {
      item.style.setProperty('--scale', String(LOOKS[flight.size].scale));
      item.style.maxWidth = '';
    }
    // All are measured before one is moved, so that the browser lays out once.
    const widths = before.map(({ flight, item, place }) => this.fit(item, { mode: place.mode, size: flight.size }));
    for (const [i, { flight, item, place }] of before.entries()) {
      const here = { ...place, width: widths[i] ?? 0 };
      const row = this.lanes.settle(here, now);
      if (row === null) {
        item.remove();
      } else {
        this.put({ flight, item, place: { ...here, row } }, now);
      }
    }
  }

  private measureInPage(item: HTMLElement): number {
    if (item.isConnected) {
      return item.offsetWidth;
    }
    this.ruler.replaceChildren(item);
    const width = item.offsetWidth;
    this.ruler.replaceChildren();
    return width;
  }
}
