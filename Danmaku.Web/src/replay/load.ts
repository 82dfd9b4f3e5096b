import type { SegmentEntry } from '../client/messages';
import type { Answer, PastComment, RoomHistory } from './history';
import { stretchesOf } from './stretches';
import type { Stretch } from './stretches';

/** Segments asked for at a time. */
const AT_A_TIME = 4;

/** All danmaku of a stretch, and what could not be had. */
export interface Loaded {
  readonly comments: readonly PastComment[];
  readonly missing: number;
}

/**
 * Fetches a stretch. When some of it has another address by now, because it was purged, the index is asked once more.
 * @param progress Called with the part that is there, 0 to 1.
 */
export async function loadStretch(history: RoomHistory, stretch: Stretch, progress: (part: number) => void): Promise<Loaded> {
  const answers = await loadAll(history, stretch.segments, progress);
  if (!answers.some((answer) => answer.kind === 'gone')) {
    return collect(answers);
  }
  const index = await history.index();
  const now = index.kind === 'found' ? stretchesOf(index.value.segments).find(({ from, to }) => from <= stretch.to && to >= stretch.from) : undefined;
  return collect(now === undefined ? answers : await loadAll(history, now.segments, progress));
}

async function loadAll(
  history: RoomHistory,
  segments: readonly SegmentEntry[],
  progress: (part: number) => void,
): Promise<readonly Answer<readonly PastComment[]>[]> {
  const answers: Answer<readonly PastComment[]>[] = [];
  const left = [...segments.entries()];
  let done = 0;
  const work = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      answers[next[0]] = await history.segment(next[1]);
      progress(++done / segments.length);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  return answers;
}

function collect(answers: readonly Answer<readonly PastComment[]>[]): Loaded {
  return {
    comments: answers.flatMap((answer) => (answer.kind === 'found' ? answer.value : [])),
    missing: answers.filter((answer) => answer.kind !== 'found').length,
  };
}
