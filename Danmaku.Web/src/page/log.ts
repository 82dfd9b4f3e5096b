import type { ReceivedComment } from '../client/events';
import type { Position } from '../client/messages';
import { isRecalled } from '../client/recalls';
import type { Recalled } from '../client/recalls';
import { positionKey } from '../overlay/item';

/** Lines kept; older ones are taken off the top. */
export const MAX_LINES = 200;

/** How near the end, in pixels, counts as reading the newest. */
const NEAR_END = 48;

/** The list beside the stage: everything that was said, in the room's order, for eyes and for screen readers. */
export class Log {
  /** Own danmaku that the server has and its store has not, by position. Their lines may still come. */
  private readonly unsaved = new Set<string>();
  private readonly said = new WeakMap<Element, ReceivedComment>();
  private following = true;

  /** What can be done to a line, for who may; lines that come get a button for it. */
  actions: ((comment: ReceivedComment, opener: HTMLElement) => void) | null = null;

  constructor(
    private readonly list: HTMLElement,
    private readonly newest: HTMLButtonElement,
  ) {
    list.addEventListener('scroll', () => this.follow(this.atEnd()), { passive: true });
    newest.addEventListener('click', () => this.toEnd());
    list.addEventListener('click', (event) => this.act(event.target));
  }

  add(comments: readonly ReceivedComment[]): void {
    this.append(
      comments.slice(-MAX_LINES).map((comment) => {
        const line = createLine(comment);
        this.said.set(line, comment);
        if (this.actions !== null) {
          line.append(createActions(comment.name));
        }
        return line;
      }),
    );
    for (const key of this.unsaved) {
      this.markSaved(key, false);
    }
  }

  /** What moderators have taken back is not to be read any more; that something stood there may be. */
  recall(recalled: readonly Recalled[]): void {
    for (const line of this.list.children) {
      const comment = this.said.get(line);
      if (comment !== undefined && recalled.some((each) => isRecalled(comment, each))) {
        this.said.delete(line);
        line.className = 'note recalled';
        line.removeAttribute('title');
        line.textContent = 'Taken back';
      }
    }
  }

  /** What is in it does not count any more. */
  clear(): void {
    this.list.replaceChildren();
    this.unsaved.clear();
    this.toEnd();
  }

  /** Something about the stream itself, such as a hole in it. */
  note(text: string): void {
    const line = document.createElement('li');
    line.className = 'note';
    line.textContent = text;
    this.append([line]);
  }

  /** @param saved Whether it would survive the room's origin; said again when it does. */
  markOwn(position: Position, saved: boolean): void {
    const key = positionKey(position);
    this.line(key)?.classList.add('own');
    if (saved) {
      this.unsaved.delete(key);
      this.markSaved(key, true);
    } else {
      this.remember(key);
      this.markSaved(key, false);
    }
  }

  private act(target: EventTarget | null): void {
    const opener = target instanceof Element ? target.closest<HTMLElement>('.actions') : null;
    const comment = opener?.parentElement ? this.said.get(opener.parentElement) : undefined;
    if (opener && comment !== undefined) {
      this.actions?.(comment, opener);
    }
  }

  private line(key: string): HTMLElement | null {
    return this.list.querySelector<HTMLElement>(`[data-position="${key}"]`);
  }

  private markSaved(key: string, saved: boolean): void {
    const line = this.line(key);
    const mark = line?.querySelector('.unsaved');
    if (saved) {
      mark?.remove();
    } else if (line && !mark) {
      line.append(createUnsaved());
    }
  }

  private remember(key: string): void {
    this.unsaved.add(key);
    if (this.unsaved.size > MAX_LINES) {
      const [oldest] = this.unsaved;
      this.unsaved.delete(oldest ?? '');
    }
  }

  private append(lines: readonly HTMLElement[]): void {
    this.list.append(...lines);
    while (this.list.childElementCount > MAX_LINES) {
      this.list.firstElementChild?.remove();
    }
    if (this.following) {
      this.toEnd();
    } else {
      this.newest.hidden = false;
    }
  }

  private atEnd(): boolean {
    return this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < NEAR_END;
  }

  private toEnd(): void {
    this.list.scrollTop = this.list.scrollHeight;
    this.follow(true);
  }

  private follow(following: boolean): void {
    this.following = following;
    if (following) {
      this.newest.hidden = true;
    }
  }
}

function createLine(comment: ReceivedComment): HTMLElement {
  const line = document.createElement('li');
  line.dataset['offset'] = String(comment.position.offset);
  line.dataset['position'] = positionKey(comment.position);
  line.classList.toggle('own', comment.own);
  if (comment.color !== undefined) {
    line.style.setProperty('--color', comment.color);
  }
  line.title = new Date(comment.time).toLocaleTimeString();
  line.append(span('name', comment.name), ' ', span('text', comment.text));
  if (comment.role !== undefined) {
    line.dataset['role'] = comment.role;
    line.prepend(span('role', comment.role), ' ');
  }
  return line;
}

function createActions(name: string): HTMLElement {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'actions';
  button.textContent = '⋯';
  button.setAttribute('aria-label', `Actions for what ${name} said`);
  button.setAttribute('aria-haspopup', 'menu');
  button.setAttribute('aria-expanded', 'false');
  return button;
}

function createUnsaved(): HTMLElement {
  const mark = span('unsaved', '…');
  mark.title = 'Not saved yet';
  mark.setAttribute('role', 'img');
  mark.setAttribute('aria-label', mark.title);
  return mark;
}

function span(className: string, text: string): HTMLElement {
  const part = document.createElement('span');
  part.className = className;
  part.dir = 'auto';
  part.textContent = text;
  return part;
}
