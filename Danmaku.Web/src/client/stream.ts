import type { Batch, Comment, Lost, Position, Skipped, Welcome } from './messages';

export type StreamMessage = Welcome | Batch | Skipped | Lost;

/** What a message brought that was not there before. `gap`: something before these comments is missing for good. */
export interface Progress {
  readonly comments: readonly Comment[];
  /** Position of the first of them. */
  readonly first: Position;
  readonly gap: boolean;
}

/**
 * Where this viewer is in the room's order (docs/protocol.md, section 5), and the last guard of "none twice, none
 * missing": a batch that repeats what was shown is cut, one that leaves a hole is shown and the hole admitted.
 */
export class Stream {
  private last: Position | null = null;

  /** Position of the last danmaku that was shown; null before the first welcome. */
  get position(): Position | null {
    return this.last;
  }

  apply(message: StreamMessage): Progress {
    switch (message.type) {
      case 'welcome':
        return this.moveTo(message.position, message.lost);
      case 'lost':
        return this.moveTo(message.position, true);
      case 'skipped':
        return this.moveTo({ epoch: message.epoch, offset: message.through }, false);
      case 'batch':
        return this.append(message);
    }
  }

  private moveTo(position: Position, gap: boolean): Progress {
    this.last = position;
    return { comments: [], first: position, gap };
  }

  private append(batch: Batch): Progress {
    const start = { epoch: batch.epoch, offset: batch.offset };
    const last = this.last ?? { epoch: batch.epoch, offset: batch.offset - 1 };
    if (batch.epoch < last.epoch) {
      return { comments: [], first: start, gap: false };
    }

    const expected = batch.epoch === last.epoch ? last.offset + 1 : 1;
    const seen = Math.max(0, expected - batch.offset);
    const comments = batch.comments.slice(seen);
    if (comments.length > 0) {
      this.last = { epoch: batch.epoch, offset: batch.offset + batch.comments.length - 1 };
    }
    return { comments, first: { epoch: batch.epoch, offset: batch.offset + seen }, gap: batch.offset > expected };
  }
}

/** Whether a place in the room's order comes after another. */
export function isAfter(position: Position, other: Position): boolean {
  return position.epoch > other.epoch || (position.epoch === other.epoch && position.offset > other.offset);
}
