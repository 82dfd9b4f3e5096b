import type { ReceivedComment } from '../client/events';
import type { RecallOrder, Role } from '../client/messages';
import type { PostOutcome } from '../client/posts';
import { explain } from './refusal';

/** Everything cannot be brought back: it takes a second click. */
const CLEAR = { first: 'Clear the room', second: 'Everything, for everybody: click again' };

/** How far back a recall of a person goes. */
const WITHIN_MINUTES = 10;

export interface ModerationElements {
  /** A popover. */
  readonly menu: HTMLElement;
  readonly one: HTMLButtonElement;
  readonly person: HTMLButtonElement;
  readonly all: HTMLButtonElement;
}

/** What moderators do to a line of the list: a menu, for mouse and keyboard. */
export class Moderation {
  private chosen: ReceivedComment | null = null;
  private opener: HTMLElement | null = null;

  constructor(
    private readonly at: ModerationElements,
    private readonly recall: (order: RecallOrder) => Promise<PostOutcome>,
    private readonly tell: (text: string) => void,
  ) {
    at.one.addEventListener('click', () => this.send(({ position }) => ({ position }), 'Taken back.'));
    at.person.addEventListener('click', () =>
      this.send(({ user }) => (user === undefined ? null : { user, within: WITHIN_MINUTES * 60_000 }), 'Taken back.'),
    );
    at.all.addEventListener('click', () => {
      if (at.all.textContent === CLEAR.second) {
        this.send(() => ({ all: true }), 'The room is cleared.');
      } else {
        at.all.textContent = CLEAR.second;
      }
    });
    at.menu.addEventListener('keydown', (event) => this.onKey(event));
    at.menu.addEventListener('toggle', (event) => {
      if ((event as ToggleEvent).newState === 'closed') {
        this.opener?.setAttribute('aria-expanded', 'false');
      }
    });
  }

  /** Whether this person may take something back. */
  static isFor(role: Role | undefined): boolean {
    return role === 'moderator' || role === 'host';
  }

  /** @param opener The button beside the line. */
  open(comment: ReceivedComment, opener: HTMLElement): void {
    [this.chosen, this.opener] = [comment, opener];
    this.at.person.hidden = comment.user === undefined;
    this.at.person.textContent = `Take back the last ${WITHIN_MINUTES} minutes of ${comment.name}`;
    this.at.all.textContent = CLEAR.first;
    const box = opener.getBoundingClientRect();
    this.at.menu.style.top = `${Math.min(box.bottom, innerHeight - 150)}px`;
    this.at.menu.style.right = `${Math.max(8, innerWidth - box.right)}px`;
    this.at.menu.showPopover();
    opener.setAttribute('aria-expanded', 'true');
    this.at.one.focus();
  }

  private send(orderOf: (comment: ReceivedComment) => RecallOrder | null, done: string): void {
    const order = this.chosen === null ? null : orderOf(this.chosen);
    this.at.menu.hidePopover();
    this.opener?.focus();
    if (order !== null) {
      void this.recall(order).then((outcome) => this.tell(explain(outcome) ?? done));
    }
  }

  private onKey(event: KeyboardEvent): void {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step === 0) {
      return;
    }
    event.preventDefault();
    const items = [this.at.one, this.at.person, this.at.all].filter((item) => !item.hidden);
    const focused = items.findIndex((item) => item === document.activeElement);
    items[(focused + step + items.length) % items.length]?.focus();
  }
}
