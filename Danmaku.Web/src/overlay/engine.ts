import Danmaku from 'danmaku/dist/esm/danmaku.dom.js';

import type { Clock } from '../client/clock';

/** How something moves: to the left, to the right, or not at all. */
export type Motion = 'rtl' | 'ltr' | 'top';

/** Moves elements over a container and takes them off at the end. */
export interface Engine {
  emit(element: HTMLElement, motion: Motion): void;
  resize(): void;
  clear(): void;
  destroy(): void;
}

/** The package never forgets what it was given in live mode, so after this many a fresh instance takes over. */
export const MAX_EMITTED = 2000;

/** The package `danmaku`, with its DOM engine. Elements must have no height, so that it puts all of them at the top. */
export class DanmakuEngine implements Engine {
  private current: Danmaku;
  private leaving: Danmaku | null = null;
  private emitted = 0;

  constructor(
    private readonly container: HTMLElement,
    private readonly seconds: number,
    private readonly clock: Clock,
  ) {
    this.current = this.create();
  }

  emit(element: HTMLElement, motion: Motion): void {
    if (this.emitted >= MAX_EMITTED) {
      this.renew();
    }
    this.emitted++;
    this.current.emit({ mode: motion, render: () => element });
  }

  resize(): void {
    for (const instance of [this.current, this.leaving]) {
      instance?.resize();
      this.setSpeed(instance);
    }
  }

  clear(): void {
    this.current.clear();
    this.dismiss();
  }

  destroy(): void {
    this.current.destroy();
    this.dismiss();
  }

  /** The old instance stays until the last of its danmaku has left the stage. */
  private renew(): void {
    this.dismiss();
    const old = this.current;
    this.leaving = old;
    this.clock.after((this.seconds + 1) * 1000, () => {
      if (this.leaving === old) {
        this.dismiss();
      }
    });
    this.current = this.create();
    this.emitted = 0;
  }

  private dismiss(): void {
    this.leaving?.destroy();
    this.leaving = null;
  }

  private create(): Danmaku {
    const instance = new Danmaku({ container: this.container });
    this.setSpeed(instance);
    return instance;
  }

  /** The package thinks in pixels per second; a small stage should not race its danmaku past the reader. */
  private setSpeed(instance: Danmaku | null): void {
    if (instance !== null && this.container.offsetWidth > 0) {
      instance.speed = this.container.offsetWidth / this.seconds;
    }
  }
}
