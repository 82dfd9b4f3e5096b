import type { Moment, Timeline } from './timeline';

/** Who goes on by more than this at once has been moved by somebody. */
const MAX_STEP = 3000;

/** Of what was said before, so many are told when somebody moves. */
const MAX_BEFORE = 60;

export interface FollowerEvents {
  /** It is their moment. */
  readonly show: (moments: readonly Moment[]) => void;
  /** Somebody has moved: nothing of what was shown counts any more. */
  readonly moved: (before: readonly Moment[]) => void;
}

/** Follows a position through a timeline: each danmaku once as it goes by, again only when it is passed again. */
export class Follower {
  private last: number | null = null;

  constructor(
    private readonly timeline: Timeline,
    private readonly events: FollowerEvents,
  ) {}

  /** Somebody has moved, however little: the next position is where they are now. */
  jump(): void {
    this.last = null;
  }

  at(position: number): void {
    if (this.last === null || position < this.last || position - this.last > MAX_STEP) {
      // A danmaku of this very moment is still to come.
      this.last = position - 1;
      this.events.moved(this.timeline.before(position, MAX_BEFORE));
    }
    const due = this.timeline.between(this.last, position);
    this.last = position;
    if (due.length > 0) {
      this.events.show(due);
    }
  }
}
