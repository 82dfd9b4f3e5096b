import type { Mode } from '../client/messages';

/** What is needed to know where something will be: it crosses the stage, or stands in its middle, for `seconds`. */
export interface Visitor {
  readonly mode: Mode;
  /** Pixels. */
  readonly width: number;
  /** Rows it takes. */
  readonly rows: number;
  readonly seconds: number;
}

/** A visitor on the stage, with the row where it is and the time of the stage at which it came. */
export interface Occupant extends Visitor {
  readonly row: number;
  readonly start: number;
}

/** Pixels kept between two danmaku in the same row, beside those that are part of each. */
const MIN_GAP = 6;

/** Tried first, as a part of the stage's width: on a quiet stage danmaku spread over rows instead of queueing in one. */
const EASY_GAP = 0.3;

/** Finds rows in which nothing will ever touch. Its time is the stage's. */
export class Lanes {
  private occupants: Occupant[] = [];
  private rowCount = 0;
  private width = 0;

  /** Nobody has a place on a stage of another size: see {@link settle}. */
  resize(rowCount: number, width: number): void {
    this.clear();
    this.rowCount = rowCount;
    this.width = width;
  }

  /** How many are on the stage. */
  count(now: number): number {
    this.forgetGone(now);
    return this.occupants.length;
  }

  /** The row where a visitor fits now, taken at once; null if it would touch something everywhere. */
  place(visitor: Visitor, now: number): number | null {
    this.forgetGone(now);
    const arrival = { ...visitor, row: 0, start: now };
    const rows = this.candidates(visitor);
    const row = this.find(arrival, rows, now, Math.max(MIN_GAP, this.width * EASY_GAP)) ?? this.find(arrival, rows, now, MIN_GAP);
    return row === null ? null : this.take(arrival, row);
  }

  /** A row for somebody who is on the stage already, the same if possible; null if it would touch something everywhere. */
  settle(occupant: Occupant, now: number): number | null {
    this.forgetGone(now);
    const rows = this.candidates(occupant);
    const row = this.find(occupant, rows.includes(occupant.row) ? [occupant.row, ...rows] : rows, now, 0);
    return row === null ? null : this.take(occupant, row);
  }

  /** For what must be shown: where it fits, else where the fewest are in its way. */
  force(visitor: Visitor, now: number): number {
    const free = this.place(visitor, now);
    if (free !== null) {
      return free;
    }
    const arrival = { ...visitor, row: 0, start: now };
    const crowd = (row: number) => this.inTheWay(arrival, row, now, MIN_GAP).length;
    const [best = 0] = this.candidates(visitor).sort((a, b) => crowd(a) - crowd(b));
    return this.take(arrival, best);
  }

  clear(): void {
    this.occupants = [];
  }

  private take(arrival: Occupant, row: number): number {
    this.occupants.push({ ...arrival, row });
    return row;
  }

  private forgetGone(now: number): void {
    this.occupants = this.occupants.filter((occupant) => now < occupant.start + occupant.seconds * 1000);
  }

  private find(arrival: Occupant, rows: readonly number[], now: number, gap: number): number | null {
    return rows.find((row) => this.inTheWay(arrival, row, now, gap).length === 0) ?? null;
  }

  /** From the top down; from the bottom up for what belongs there. */
  private candidates(visitor: Visitor): number[] {
    const rows = Array.from({ length: Math.max(0, this.rowCount - visitor.rows + 1) }, (_, row) => row);
    return visitor.mode === 'bottom' ? rows.reverse() : rows;
  }

  private inTheWay(arrival: Occupant, row: number, now: number, gap: number): Occupant[] {
    return this.occupants.filter(
      (occupant) =>
        occupant.row < row + arrival.rows && row < occupant.row + occupant.rows && this.touches(occupant, arrival, now, gap),
    );
  }

  private touches(one: Occupant, other: Occupant, now: number, gap: number): boolean {
    if (one.mode !== other.mode || one.mode === 'top' || one.mode === 'bottom') {
      return true;
    }
    // Both move the same way at their own steady speeds, so the space between them changes evenly: it is enough to
    // look at this moment and at the one when the first of them is gone.
    const [first, second] = one.start <= other.start ? [one, other] : [other, one];
    const end = first.start + first.seconds * 1000;
    return this.space(first, second, now) < gap || this.space(first, second, end) < 0;
  }

  /** Pixels between the tail of the first and the head of the second at a moment. */
  private space(first: Occupant, second: Occupant, then: number): number {
    const way = (occupant: Occupant) => wayOf(occupant, this.width, then);
    return way(first) - first.width - way(second);
  }
}

/** How far the head of what crosses a stage of this width has come, in pixels. */
export function wayOf(occupant: Occupant, stage: number, now: number): number {
  return ((stage + occupant.width) * (now - occupant.start)) / (occupant.seconds * 1000);
}
