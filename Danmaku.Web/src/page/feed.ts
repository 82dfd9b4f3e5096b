import type { ReceivedComment } from '../client/events';
import type { Position } from '../client/messages';
import { isAfter } from '../client/stream';
import type { Flight } from '../overlay/overlay';

/** What was missed while the connection was away flies if it is not older than this, in milliseconds. */
const MISSED_WITHIN = 5000;

/** What comes later than this, in milliseconds, was held up: by a sleep, a frozen tab, a slow network. Clocks of nodes may differ by 5 s. */
const LATE_AFTER = 15_000;

/** Decides what flies: what is said while the page is open. All else is in the list only. */
export class Feed {
  private opened: Position | null = null;
  private head: Position | null = null;

  constructor(private readonly fly: (flight: Flight) => void) {}

  /** @param head The room's newest position: what comes up to it was said before this connection. */
  welcomed(head: Position): void {
    this.opened ??= head;
    this.head = head;
  }

  add(comments: readonly ReceivedComment[]): void {
    for (const comment of comments) {
      if (comment.own || this.isNew(comment)) {
        this.fly(flightOf(comment));
      }
    }
  }

  private isNew({ position, age }: ReceivedComment): boolean {
    if (this.opened === null || this.head === null || !isAfter(position, this.opened)) {
      return false;
    }
    return age <= (isAfter(position, this.head) ? LATE_AFTER : MISSED_WITHIN);
  }
}

export function flightOf(comment: ReceivedComment): Flight {
  const { text, own, position, time, user, mode = 'scroll', color = '#ffffff', size = 'medium' } = comment;
  return { text, own, position, time, mode, color, size, ...(user === undefined ? {} : { user }) };
}
