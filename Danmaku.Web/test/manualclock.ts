import type { Cancel, Clock } from '../src/client/clock';

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

/** Time that moves only when a test says so. */
export class ManualClock implements Clock {
  private time = 1_790_000_000_000;
  private timers: Timer[] = [];
  private slept = 0;

  now(): number {
    return this.time;
  }

  wall(): number {
    return this.time + this.slept;
  }

  /** The machine sleeps: its clock on the wall goes on, and nothing else. */
  sleep(milliseconds: number): void {
    this.slept += milliseconds;
  }

  after(milliseconds: number, run: () => void): Cancel {
    const timer = { at: this.time + milliseconds, run };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  }

  /** Runs what falls due on the way, in order, each at its own moment. */
  advance(milliseconds: number): void {
    const end = this.time + milliseconds;
    for (let next = this.due(end); next !== undefined; next = this.due(end)) {
      const timer = next;
      this.timers = this.timers.filter((other) => other !== timer);
      this.time = Math.max(this.time, timer.at);
      timer.run();
    }
    this.time = end;
  }

  private due(end: number): Timer | undefined {
    return this.timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
  }
}
