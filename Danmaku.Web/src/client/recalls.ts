import type { Comment, Position, Recall } from './messages';
import { isAfter } from './stream';

/** Something was taken back: what is shown of it is to be removed. */
export interface Recalled {
  readonly recall: Recall;
  /** It covers nothing at this place or after it. */
  readonly before: Position;
}

/** Whether a danmaku was taken back. */
export function isRecalled(comment: Pick<Comment, 'time' | 'user'> & { readonly position: Position }, { recall, before }: Recalled): boolean {
  if (!isAfter(before, comment.position)) {
    return false;
  }
  if ('offset' in recall) {
    return recall.epoch === comment.position.epoch && recall.offset === comment.position.offset;
  }
  return 'all' in recall || (recall.user === comment.user && comment.time >= recall.since);
}
