// @vitest-environment happy-dom
import { beforeEach, describe, expect, test } from 'vitest';

import type { SegmentEntry } from '../src/client/messages';
import { time } from '../src/page/player';
import { isReplay, otherSide } from '../src/page/room';
import { Follower } from '../src/replay/follower';
import { RoomHistory } from '../src/replay/history';
import type { PastComment } from '../src/replay/history';
import { loadStretch } from '../src/replay/load';
import { TimePlayback, VideoPlayback } from '../src/replay/playback';
import type { Media } from '../src/replay/playback';
import { MAX_SEGMENTS, PAUSE, stretchesOf } from '../src/replay/stretches';
import { Timeline } from '../src/replay/timeline';
import type { Moment } from '../src/replay/timeline';
import { ManualClock } from './manualclock';

const FROM = 1_790_000_000_000;
const INDEX = '/api/rooms/lobby/history';

function past(offset: number, more: Partial<PastComment> = {}): PastComment {
  return { time: FROM + offset * 1000, name: 'Kai', text: `t${offset}`, position: { epoch: 1, offset }, ...more };
}

function entry(first: number, from: number, to: number, more: Partial<SegmentEntry> = {}): SegmentEntry {
  return { epoch: 1, first, last: first + 9, from, to, sealed: true, url: `${INDEX}/1/${first}.${first + 9}-0`, ...more };
}

function texts(moments: readonly Moment[]): string[] {
  return moments.map(({ comment }) => comment.text);
}

describe('timeline', () => {
  let timeline: Timeline;

  beforeEach(() => {
    timeline = new Timeline(FROM);
  });

  test('a danmaku is at its media time, else as long after the beginning as it was said', () => {
    timeline.add([past(5, { at: 500 }), past(1), past(9, { at: 60_000 })]);

    expect(timeline.between(-1, Infinity).map(({ at, comment }) => [at, comment.text])).toEqual([
      [500, 't5'],
      [1000, 't1'],
      [60_000, 't9'],
    ]);
    expect([timeline.start, timeline.end]).toEqual([500, 60_000]);
  });

  test('what comes twice is there once', () => {
    timeline.add([past(1), past(2)]);
    timeline.add([past(2), past(3)]);

    expect(timeline.count).toBe(3);
  });

  test('parts are open at their beginning and closed at their end', () => {
    timeline.add([past(3), past(1), past(2), past(4, { time: FROM + 2000 })]);

    expect(texts(timeline.between(1000, 2000))).toEqual(['t2', 't4']);
    expect(texts(timeline.before(2000, 9))).toEqual(['t1']);
    expect(texts(timeline.before(9000, 2))).toEqual(['t4', 't3']);
  });

  test('density counts all of them', () => {
    timeline.add([past(0), past(1), past(5), past(10)]);

    expect(timeline.density(2, 10_000)).toEqual([2, 2]);
    expect(timeline.density(2, 0)).toEqual([1, 3]);
  });
});

describe('follower', () => {
  let shown: string[];
  let before: string[][];
  let follower: Follower;

  beforeEach(() => {
    [shown, before] = [[], []];
    const timeline = new Timeline(FROM);
    timeline.add(Array.from({ length: 20 }, (_, i) => past(i)));
    follower = new Follower(timeline, { show: (moments) => shown.push(...texts(moments)), moved: (moments) => before.push(texts(moments)) });
  });

  test('each is shown once as it goes by', () => {
    for (let position = 0; position <= 3000; position += 50) {
      follower.at(position);
    }
    follower.at(3000);

    expect(shown).toEqual(['t0', 't1', 't2', 't3']);
    expect(before).toEqual([[]]);
  });

  test('who jumps ahead sees none of what lies between, and hears what was said before', () => {
    follower.at(0);
    follower.at(10_000);
    follower.at(10_050);

    expect(shown).toEqual(['t0', 't10']);
    expect(before.at(-1)).toEqual(['t0', 't1', 't2', 't3', 't4', 't5', 't6', 't7', 't8', 't9']);
  });

  test('who jumps ahead by a little sees none of what lies between, either', () => {
    follower.at(500);
    follower.jump();
    follower.at(2500);

    expect(shown).toEqual([]);
    expect(before.at(-1)).toEqual(['t0', 't1', 't2']);
  });

  test('who goes back sees it again, once', () => {
    follower.at(1500);
    follower.at(2500);
    follower.at(900);
    follower.at(2600);

    expect(shown).toEqual(['t2', 't1', 't2']);
    expect(before).toEqual([['t0', 't1'], ['t0']]);
  });
});

describe('playback', () => {
  test('time has the pace of its rate while it plays, and none when it is stopped or over', () => {
    const clock = new ManualClock();
    const playback = new TimePlayback(clock);
    playback.length = 1000;
    const paces = [playback.pace];
    const then = (act: () => void) => {
      act();
      paces.push(playback.pace);
    };

    then(() => playback.play());
    then(() => playback.setRate(1.5));
    then(() => playback.pause());
    then(() => playback.play());
    then(() => clock.advance(1000));

    expect(paces).toEqual([0, 1, 1.5, 0, 1.5, 0]);
  });

  test('time goes on while it plays, at its rate, to its end', () => {
    const clock = new ManualClock();
    const playback = new TimePlayback(clock);
    playback.length = 10_000;

    clock.advance(500);
    expect([playback.position, playback.playing]).toEqual([0, false]);
    playback.play();
    clock.advance(1000);
    playback.setRate(2);
    clock.advance(1000);
    expect([playback.position, playback.playing]).toEqual([3000, true]);
    playback.pause();
    clock.advance(1000);
    expect(playback.position).toBe(3000);
    playback.seek(99_999);
    expect([playback.position, playback.playing]).toEqual([10_000, false]);
    playback.play();
    clock.advance(100);
    expect(playback.position).toBe(200);
    clock.advance(60_000);
    expect([playback.position, playback.playing]).toEqual([10_000, false]);
  });

  test('a video counts in seconds and may not know how long it is', () => {
    const media: Media = { currentTime: 1.5, duration: NaN, paused: true, ended: false, seeking: false, readyState: 4, playbackRate: 1, pause: () => undefined, play: () => Promise.reject(new Error()) };
    const playback = new VideoPlayback(media);

    expect([playback.position, playback.playing, playback.length]).toEqual([1500, false, 0]);
    playback.seek(83_500);
    playback.setRate(2);
    playback.play();
    expect([media.currentTime, media.playbackRate]).toEqual([83.5, 2]);
  });
});

describe('stretches', () => {
  test('a long silence divides, an epoch does not', () => {
    const [first, second] = stretchesOf([
      entry(1, FROM, FROM + 1000),
      entry(1, FROM + 2000, FROM + 3000, { epoch: 2 }),
      entry(11, FROM + 3000 + PAUSE + 1, FROM + 4000 + PAUSE, { epoch: 2 }),
    ]);

    expect([first?.from, first?.to, first?.count]).toEqual([FROM, FROM + 3000, 20]);
    expect([second?.segments.length, second?.count]).toEqual([1, 10]);
  });

  test('what a wrong clock has stamped is apart', () => {
    const days = 8 * 24 * 3_600_000;

    const stretches = stretchesOf([
      entry(1, FROM, FROM + 1000),
      entry(1, FROM + days, FROM + days + 1000, { epoch: 2 }),
      entry(1, FROM + 60_000, FROM + 61_000, { epoch: 3 }),
    ]);

    expect(stretches.map(({ from, to }) => [from - FROM, to - FROM])).toEqual([[0, 1000], [days, days + 1000], [60_000, 61_000]]);
  });

  test('of a very long one the newest are there', () => {
    const [stretch] = stretchesOf(Array.from({ length: MAX_SEGMENTS + 5 }, (_, i) => entry(1 + 10 * i, FROM + i, FROM + i)));

    expect([stretch?.segments.length, stretch?.segments[0]?.first]).toEqual([MAX_SEGMENTS, 51]);
  });
});

describe('history', () => {
  const server = new Map<string, unknown>();
  let asked: string[];
  let history: RoomHistory;

  beforeEach(() => {
    server.clear();
    asked = [];
    history = new RoomHistory('lobby', (url) => {
      asked.push(url);
      return Promise.resolve(server.has(url) ? Response.json(server.get(url)) : new Response('', { status: 404 }));
    });
  });

  function serve(revision: number): void {
    server.clear();
    const url = `${INDEX}/1/1.2-${revision}`;
    server.set(INDEX, { room: 'lobby', epochs: [{ epoch: 1, segments: [{ first: 1, last: 2, from: FROM, to: FROM, revision, sealed: true, url }] }] });
    server.set(url, { epoch: 1, offset: 1, sealed: true, comments: [{ time: FROM, name: 'a', text: 'x', at: 7 }, { time: FROM, name: 'b', text: 'y' }] });
  }

  async function stretch() {
    const index = await history.index();
    return index.kind === 'found' ? stretchesOf(index.value.segments)[0]! : Promise.reject(new Error(index.kind));
  }

  test('danmaku know their positions', async () => {
    serve(0);

    const { comments, missing } = await loadStretch(history, await stretch(), () => undefined);

    expect(comments.map(({ text, position, at }) => [text, position.epoch, position.offset, at])).toEqual([
      ['x', 1, 1, 7],
      ['y', 1, 2, undefined],
    ]);
    expect(missing).toBe(0);
  });

  test('what was purged meanwhile is found under its new address', async () => {
    serve(0);
    const old = await stretch();
    serve(1);

    const { comments, missing } = await loadStretch(history, old, () => undefined);

    expect([comments.length, missing]).toEqual([2, 0]);
    expect(asked).toEqual([INDEX, `${INDEX}/1/1.2-0`, INDEX, `${INDEX}/1/1.2-1`]);
  });

  test('what is gone is counted', async () => {
    serve(0);
    const old = await stretch();
    server.clear();

    expect(await loadStretch(history, old, () => undefined)).toEqual({ comments: [], missing: 1 });
  });

  test.each([
    [{}],
    [[]],
    ['text'],
    [{ epochs: 5 }],
    [{ epochs: [5] }],
    [{ epochs: [{ epoch: 1, segments: [{ first: 1 }] }] }],
  ])('an index that is none fails: %j', async (body) => {
    server.set(INDEX, body);

    expect(await history.index()).toEqual({ kind: 'failed' });
  });

  test('nobody is sent to other servers', async () => {
    expect(await history.segment(entry(1, FROM, FROM, { url: '//elsewhere.example/' }))).toEqual({ kind: 'failed' });
    expect(asked).toEqual([]);
  });

  test('a network that fails fails', async () => {
    history = new RoomHistory('lobby', () => Promise.reject(new TypeError('no network')));

    expect(await history.index()).toEqual({ kind: 'failed' });
  });
});

test.each([
  ['', '#cinema', '/?replay#cinema', false],
  ['?replay', '#cinema', '/#cinema', true],
  ['?room=cinema&name=Mei', '', '/?room=cinema&name=Mei&replay', false],
  ['?room=cinema&replay=', '', '/?room=cinema', true],
])('from %s%s the other side is %s', (search, hash, other, replay) => {
  expect(otherSide(search, hash)).toBe(other);
  expect(isReplay(search)).toBe(replay);
});

test('times have hours only when there are some', () => {
  expect([0, 61_999, 3_600_000, -5].map(time)).toEqual(['0:00', '1:01', '1:00:00', '0:00']);
});
