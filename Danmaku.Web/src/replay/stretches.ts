import type { SegmentEntry } from '../client/messages';

/** Nothing said for so long: what follows was another evening. */
export const PAUSE = 30 * 60_000;

/** Most segments of one stretch that are fetched; the oldest of a longer one are left out. */
export const MAX_SEGMENTS = 100;

/** A time in which people were watching together. */
export interface Stretch {
  /** Unix milliseconds. */
  readonly from: number;
  readonly to: number;
  readonly count: number;
  readonly segments: readonly SegmentEntry[];
}

/** Cuts a history where nobody said anything for long, and around what a wrong clock has stamped. Oldest first. */
export function stretchesOf(segments: readonly SegmentEntry[]): readonly Stretch[] {
  const groups: SegmentEntry[][] = [];
  for (const segment of segments) {
    const group = groups.at(-1);
    const before = group?.at(-1);
    if (group === undefined || before === undefined || Math.abs(segment.from - before.to) > PAUSE) {
      groups.push([segment]);
    } else {
      group.push(segment);
    }
  }
  return groups.map((group) => toStretch(group.slice(-MAX_SEGMENTS)));
}

function toStretch(segments: readonly SegmentEntry[]): Stretch {
  return {
    from: segments[0]?.from ?? 0,
    to: segments.at(-1)?.to ?? 0,
    count: segments.reduce((sum, segment) => sum + segment.last - segment.first + 1, 0),
    segments,
  };
}
