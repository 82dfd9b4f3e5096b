import type { Mode, Position, Size } from '../client/messages';
import type { Recalled } from '../client/recalls';
import type { Pace } from './stagetime';

/** One danmaku on its way over the video. */
export interface Flight {
  readonly text: string;
  readonly mode: Mode;
  /** `#rrggbb`. */
  readonly color: string;
  readonly size: Size;
  /** Said by this viewer: outlined, and never left out for want of room. */
  readonly own: boolean;
  readonly position: Position;
  /** When it was said, Unix milliseconds, and by whom: for recalls of a person. */
  readonly time?: number;
  readonly user?: string;
}

/** Where danmaku fly. What does not fit is left out: an overlay is a picture, the record is the list beside it. */
export interface Overlay {
  /** Now if there is room, within a moment if there will be, else not at all. */
  show(flight: Flight): void;
  /** The danmaku at this position turned out to be our own. */
  markOwn(position: Position): void;
  /** Everything goes by at this pace from now on, such as `() => paceOf(video)`. It is asked for at every picture. */
  follow(pace: Pace): void;
  /** Takes everything off; while not running nothing is shown and nothing is kept for later. */
  setRunning(running: boolean): void;
  /** Takes off what moderators have taken back. */
  recall(recalled: readonly Recalled[]): void;
  /** Takes everything off; what comes is shown. */
  clear(): void;
  destroy(): void;
}
