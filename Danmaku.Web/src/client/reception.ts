import type { Emitter } from './emitter';
import type { ClientEvents, ReceivedComment } from './events';
import type { Batch, Comment, Position, Skipped, Welcome } from './messages';
import type { UnansweredPosts } from './posts';
import type { Recalled } from './recalls';
import type { ServerTime } from './servertime';
import { isAfter, Stream } from './stream';
import type { Progress, StreamMessage } from './stream';

/** Own positions remembered from acks that came before their batch. Older ones are forgotten. */
const MAX_OWN = 256;

/** What a room says to this viewer, in order: turns messages into the events of danmaku, recalls and losses. */
export class Reception {
  private readonly stream = new Stream();
  private readonly own = new Set<string>();
  private name = '';
  private head: Position | null = null;

  constructor(
    private readonly posts: UnansweredPosts,
    private readonly serverTime: ServerTime,
    private readonly events: Emitter<ClientEvents>,
  ) {}

  /** Position of the last danmaku that was shown; null before the first welcome. */
  get position(): Position | null {
    return this.stream.position;
  }

  onWelcome(welcome: Welcome): void {
    [this.name, this.head] = [welcome.name, welcome.head];
    this.advance(welcome);
  }

  /** @param message Of a batch, or of what takes the place of batches. */
  advance(message: StreamMessage): Progress {
    const progress = this.stream.apply(message);
    if (progress.gap) {
      this.events.emit('lost', progress.first);
    }
    return progress;
  }

  onBatch(batch: Batch): void {
    const { comments, first } = this.advance(batch);
    const shown: ReceivedComment[] = [];
    const recalled: Recalled[] = [];
    for (const [i, comment] of comments.entries()) {
      const position = { epoch: first.epoch, offset: first.offset + i };
      if (comment.recall !== undefined) {
        recalled.push({ recall: comment.recall, before: position });
      } else if (comment.text !== '') {
        const own = this.own.delete(key(position)) || this.posts.looksOwn(comment, this.name);
        shown.push({ ...comment, position, own, age: this.age(comment, position) });
      }
    }
    if (shown.length > 0) {
      this.events.emit('comments', shown);
    }
    if (recalled.length > 0) {
      this.events.emit('recalled', recalled);
    }
  }

  onSkipped(skipped: Skipped): void {
    this.advance(skipped);
    this.events.emit('skipped', skipped);
    const { recalls, epoch, through } = skipped;
    if (recalls !== undefined) {
      const before = { epoch, offset: through + 1 };
      this.events.emit(
        'recalled',
        recalls.map((recall) => ({ recall, before })),
      );
    }
  }

  /** The danmaku at this position is our own. */
  remember(position: Position): void {
    this.own.add(key(position));
    if (this.own.size > MAX_OWN) {
      const [oldest] = this.own;
      this.own.delete(oldest ?? '');
    }
  }

  /** Before anything is known of the server's time, what comes after the head has just been said, and all else is old. */
  private age(comment: Comment, position: Position): number {
    const isHistory = this.head === null || !isAfter(position, this.head);
    return this.serverTime.age(comment.time) ?? (isHistory ? Infinity : 0);
  }
}

function key(position: Position): string {
  return `${position.epoch}/${position.offset}`;
}
