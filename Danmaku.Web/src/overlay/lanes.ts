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

interface Occupant extends Visitor {
  readonly row: number;
  readonly start: number;
}

/** Pixels kept between two danmaku in the same row. */
const MIN_GAP = 24;

/** Tried first, as a part of the stage's width: on a quiet stage danmaku spread over rows instead of queueing in one. */
const EASY_GAP = 0.3;

/**
 * Finds rows in which nothing will ever touch. The renderer only stacks until the stage is full and then starts over
 * on top of what is there, so rows are chosen here and the renderer does the moving.
 */
export class Lanes {
  private occupants: Occupant[] = [];
  private rowCount = 0;
  private width = 0;

  resize(rowCount: number, width: number): void {
    const scale = this.width > 0 ? width / this.width : 1;
    this.occupants = this.occupants.map((occupant) => ({ ...occupant, width: occupant.width * scale }));
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
    const row = this.find(visitor, now, Math.max(MIN_GAP, this.width * EASY_GAP)) ?? this.find(visitor, now, MIN_GAP);
    return row === null ? null : this.take(visitor, row, now);
  }

  /** For what must be shown: where it fits, else where the fewest are in its way. */
  force(visitor: Visitor, now: number): number {
    const free = this.place(visitor, now);
    if (free !== null) {
      return free;
    }
    const crowd = (row: number) => this.inTheWay(visitor, row, now, MIN_GAP).length;
    const [best = 0] = this.candidates(visitor).sort((a, b) => crowd(a) - crowd(b));
    return this.take(visitor, best, now);
  }

  clear(): void {
    this.occupants = [];
  }

  private take(visitor: Visitor, row: number, now: number): number {
    this.occupants.push({ ...visitor, row, start: now });
    return row;
  }

  private forgetGone(now: number): void {
    this.occupants = this.occupants.filter((occupant) => now < occupant.start + occupant.seconds * 1000);
  }

  private find(visitor: Visitor, now: number, gap: number): number | null {
    return this.candidates(visitor).find((row) => this.inTheWay(visitor, row, now, gap).length === 0) ?? null;
  }

  /** From the top down; from the bottom up for what belongs there. */
  private candidates(visitor: Visitor): number[] {
    const rows = Array.from({ length: Math.max(0, this.rowCount - visitor.rows + 1) }, (_, row) => row);
    return visitor.mode === 'bottom' ? rows.reverse() : rows;
  }

  private inTheWay(visitor: Visitor, row: number, now: number, gap: number): Occupant[] {
    return this.occupants.filter(
      (occupant) =>
        occupant.row < row + visitor.rows && row < occupant.row + occupant.rows && this.touches(occupant, visitor, now, gap),
    );
  }

  private touches(occupant: Occupant, visitor: Visitor, now: number, gap: number): boolean {
    if (occupant.mode !== visitor.mode || occupant.mode === 'top' || occupant.mode === 'bottom') {
      return true;
    }
    // Both move the same way at their own steady speeds, so the space between them changes evenly: it is enough to
    // look at the start and at the moment when the first one is gone.
    const end = occupant.start + occupant.seconds * 1000;
    return this.space(occupant, visitor, now, now) < gap || this.space(occupant, visitor, now, end) < 0;
  }

  /** Pixels between the tail of the first and the head of the second, which starts at `now`, at the moment `then`. */
  private space(first: Occupant, second: Visitor, now: number, then: number): number {
    const tail = ((this.width + first.width) * (then - first.start)) / (first.seconds * 1000) - first.width;
    const head = ((this.width + second.width) * (then - now)) / (second.seconds * 1000);
    return tail - head;
  }
}
