import type { Clock, Cancel } from './clock';
import type { Comment, Draft, Position, Post, RecallOrder, RecallRequest } from './messages';

/** What became of a post. `unanswered`: nobody knows; it may have been accepted. */
export type PostOutcome =
  | { readonly kind: 'accepted'; readonly position: Position; readonly durable: boolean }
  | { readonly kind: 'refused'; readonly reason: string; readonly message: string; readonly retryAfter?: number }
  | { readonly kind: 'unanswered' };

/**
 * Posts that wait for an answer at the same time; one more is refused here, with `too_many_unanswered`. As many as the
 * server's burst, since after a welcome they all go out at once.
 */
export const MAX_UNANSWERED = 10;

/** How long a post is sent again before its author is told that nobody answers. */
export const POST_DEADLINE = 60_000;

/** What is sent again until it is answered. */
export type Sent = Post | RecallRequest;

/** The same before it has an id. */
export type Unsent = (Draft & { readonly type: 'post' }) | (RecallOrder & { readonly type: 'recall' });

interface Entry {
  readonly post: Sent;
  readonly resolve: (outcome: PostOutcome) => void;
  readonly cancelDeadline: Cancel;
  cancelResend: Cancel;
  tries: number;
  wasSent: boolean;
}

/** Posts and recalls without an answer, in the order they were made. */
export class UnansweredPosts {
  private readonly entries = new Map<string, Entry>();

  constructor(
    private readonly clock: Clock,
    private readonly makeId: () => string,
  ) {}

  get size(): number {
    return this.entries.size;
  }

  get all(): readonly Sent[] {
    return [...this.entries.values()].map((entry) => entry.post);
  }

  add(unsent: Unsent, resolve: (outcome: PostOutcome) => void): Sent {
    const post: Sent = { id: this.makeId(), ...unsent };
    const cancelDeadline = this.clock.after(POST_DEADLINE, () => this.settle(post.id, { kind: 'unanswered' }));
    this.entries.set(post.id, { post, resolve, cancelDeadline, cancelResend: () => undefined, tries: 0, wasSent: false });
    return post;
  }

  /** The form in which a post goes out: every time but the first it says so. */
  outgoing(post: Sent): Sent {
    const entry = this.entries.get(post.id);
    if (entry === undefined || !entry.wasSent) {
      if (entry !== undefined) {
        entry.wasSent = true;
      }
      return post;
    }
    return { ...post, again: true };
  }

  /** @returns Whether it was unanswered until now. */
  settle(id: string, outcome: PostOutcome): boolean {
    const entry = this.entries.get(id);
    if (entry !== undefined) {
      this.entries.delete(id);
      entry.cancelDeadline();
      entry.cancelResend();
      entry.resolve(outcome);
    }
    return entry !== undefined;
  }

  settleAll(outcome: PostOutcome): void {
    for (const id of [...this.entries.keys()]) {
      this.settle(id, outcome);
    }
  }

  /** The edge does not know what became of it: send it again, with the same id, after a wait that grows. */
  resendLater(id: string, wait: (tries: number) => number, send: (post: Sent) => void): void {
    const entry = this.entries.get(id);
    if (entry !== undefined) {
      entry.cancelResend();
      entry.cancelResend = this.clock.after(wait(entry.tries++), () => send(entry.post));
    }
  }

  /** The connection is gone; what is unanswered goes out again after the next welcome. */
  forgetResends(): void {
    for (const entry of this.entries.values()) {
      entry.cancelResend();
    }
  }

  /** Whether a danmaku looks like one of these: its batch may come before its ack. */
  looksOwn(comment: Comment, name: string): boolean {
    return comment.name === name && this.all.some((post) => post.type === 'post' && post.text === comment.text);
  }
}

/** 128 random bits. `crypto.randomUUID` would need a secure context, which http://node:8080 is not. */
export function randomPostId(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
