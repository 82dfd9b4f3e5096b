import type { Flight } from './overlay';

/** Danmaku that wait for room. When it is reached every second one is left out, which shows a crowd more truly than a cut. */
export const MAX_WAITING = 40;

/** Later than this a danmaku no longer belongs to what it was about, and is left out. */
export const MAX_WAIT = 1500;

/** The short line in front of a full stage. Own danmaku go first and are never left out. */
export class WaitingLine {
  private line: { readonly flight: Flight; readonly since: number }[] = [];

  get length(): number {
    return this.line.length;
  }

  add(flight: Flight, now: number): void {
    if (flight.own) {
      const others = this.line.findIndex((waiting) => !waiting.flight.own);
      this.line.splice(others < 0 ? this.line.length : others, 0, { flight, since: now });
      return;
    }
    if (this.line.length >= MAX_WAITING) {
      this.line = this.line.filter((waiting, i) => waiting.flight.own || i % 2 === 1);
    }
    this.line.push({ flight, since: now });
  }

  /** Offers everybody in turn to `take`, which says whether it could; forgets those who waited too long. */
  offer(now: number, take: (flight: Flight) => boolean): void {
    this.line = this.line.filter((waiting) => now - waiting.since <= MAX_WAIT || waiting.flight.own);
    this.line = this.line.filter((waiting) => !take(waiting.flight));
  }

  remove(isGone: (flight: Flight) => boolean): void {
    this.line = this.line.filter((waiting) => !isGone(waiting.flight));
  }

  clear(): void {
    this.line = [];
  }
}
