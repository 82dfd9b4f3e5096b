import type { Cancel, Clock } from '../client/clock';
import type { ReceivedComment } from '../client/events';
import type { Position } from '../client/messages';
import type { Flight } from '../overlay/overlay';

/** What was missed for no longer than this still flies at once. */
const OLD_AFTER = 5000;

/** Of the history only so many fly; the list has all of it. */
export const MAX_DRIFTING = 16;

/** Milliseconds between two danmaku of the history. */
const DRIFT_EVERY = 450;

/** Decides what flies when: live danmaku at once, the newest of the history one after the other. */
export class Feed {
  private drifting: ReceivedComment[] = [];
  private head: Position | null = null;
  private cancel: Cancel | null = null;

  constructor(
    private readonly clock: Clock,
    private readonly fly: (flight: Flight) => void,
  ) {}

  /** @param head The room's newest position: what comes up to it is history, whatever the clocks say. */
  welcomed(head: Position): void {
    this.head = head;
  }

  add(comments: readonly ReceivedComment[]): void {
    for (const comment of comments) {
      if (this.isHistory(comment.position) && comment.age > OLD_AFTER && !comment.own) {
        this.drifting.push(comment);
      } else {
        this.fly(flightOf(comment));
      }
    }
    this.drifting = this.drifting.slice(-MAX_DRIFTING);
    if (this.cancel === null) {
      this.drift();
    }
  }

  /** Nobody is watching: what would have drifted by is over. */
  clear(): void {
    this.drifting = [];
  }

  private isHistory({ epoch, offset }: Position): boolean {
    const head = this.head;
    return head !== null && (epoch < head.epoch || (epoch === head.epoch && offset <= head.offset));
  }

  private drift(): void {
    const next = this.drifting.shift();
    this.cancel = null;
    if (next !== undefined) {
      this.fly(flightOf(next));
      this.cancel = this.clock.after(DRIFT_EVERY, () => this.drift());
    }
  }
}

export function flightOf(comment: ReceivedComment): Flight {
  const { text, own, position, mode = 'scroll', color = '#ffffff', size = 'medium' } = comment;
  return { text, own, position, mode, color, size };
}
