import type { Clock } from '../client/clock';

/** How fast what is on the stage goes by: 1 as usual, 2 twice as fast, 0 while it stands still. */
export type Pace = () => number;

/** The time of a stage, in milliseconds: it goes on at the pace of what is shown there, and stands still with it. */
export class StageTime {
  private time = 0;
  private last: number;
  private current: Pace = () => 1;

  constructor(private readonly clock: Clock) {
    this.last = clock.now();
  }

  /** Exact as long as somebody looks whenever the pace may have changed, such as at every frame. */
  now(): number {
    const now = this.clock.now();
    this.time += (now - this.last) * Math.max(0, this.current());
    this.last = now;
    return this.time;
  }

  follow(pace: Pace): void {
    this.now();
    this.current = pace;
  }
}
