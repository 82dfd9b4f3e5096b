import { positionKey } from '../overlay/item';
import type { PastComment } from './history';

/** A danmaku and when it is to be seen, in milliseconds of the video. */
export interface Moment {
  readonly at: number;
  readonly comment: PastComment;
}

/** What is said when: at the media time that a danmaku was said at, else as long after the beginning as it was said then. */
export class Timeline {
  private moments: Moment[] = [];
  private readonly known = new Set<string>();

  /** @param from When the stretch began, Unix milliseconds. */
  constructor(private readonly from: number) {}

  get count(): number {
    return this.moments.length;
  }

  /** Where the first one is; 0 when there is none. */
  get start(): number {
    return this.moments[0]?.at ?? 0;
  }

  /** Where the last one is; 0 when there is none. */
  get end(): number {
    return this.moments.at(-1)?.at ?? 0;
  }

  /** Adds danmaku in any order; what is there already is left alone, and recalls and what was recalled are left out. */
  add(comments: readonly PastComment[]): void {
    for (const comment of comments.filter(({ text }) => text !== '')) {
      const key = positionKey(comment.position);
      if (!this.known.has(key)) {
        this.known.add(key);
        this.moments.push({ at: comment.at ?? Math.max(0, comment.time - this.from), comment });
      }
    }
    this.moments.sort(compare);
  }

  /** Those after `from` and up to `through`, in order. */
  between(from: number, through: number): readonly Moment[] {
    return this.moments.slice(this.indexAfter(from), this.indexAfter(through));
  }

  /** The newest so many before a moment, in order. */
  before(at: number, count: number): readonly Moment[] {
    const end = this.indexAfter(at - 1);
    return this.moments.slice(Math.max(0, end - count), end);
  }

  /** How many there are in each of so many equal parts of a length. */
  density(parts: number, length: number): readonly number[] {
    const counts = new Array<number>(parts).fill(0);
    for (const { at } of this.moments) {
      const part = Math.min(parts - 1, Math.floor((at / Math.max(1, length)) * parts));
      counts[part] = (counts[part] ?? 0) + 1;
    }
    return counts;
  }

  private indexAfter(at: number): number {
    let [low, high] = [0, this.moments.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const moment = this.moments[middle];
      if (moment !== undefined && moment.at <= at) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
}

function compare(a: Moment, b: Moment): number {
  const [one, other] = [a.comment.position, b.comment.position];
  return a.at - b.at || one.epoch - other.epoch || one.offset - other.offset;
}
