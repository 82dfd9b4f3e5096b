import { beforeEach, describe, expect, test } from 'vitest';

import { DanmakuClient } from '../src/client/connection';
import type { ClientOptions, ReceivedComment } from '../src/client/events';
import type { Position, Skipped } from '../src/client/messages';
import { SUBPROTOCOL } from '../src/client/messages';
import type { Recalled } from '../src/client/recalls';
import { at, batch, comment, EPOCH, FakeServer, welcome } from './fakeserver';
import { ManualClock } from './manualclock';

const URL = 'ws://edge.test/ws/lobby';

let clock: ManualClock;
let server: FakeServer;
let chance: number;
let shown: string[];
let lost: Position[];
let skipped: Skipped[];
let trouble: string[];

beforeEach(() => {
  clock = new ManualClock();
  server = new FakeServer();
  chance = 0.5;
  [shown, lost, skipped, trouble] = [[], [], [], []];
});

function started(options: Partial<ClientOptions> = {}): DanmakuClient {
  const client = new DanmakuClient({ url: URL, connect: server.connect, clock, random: () => chance, ...options });
  client.on('comments', (comments) => shown.push(...comments.map(({ text, position }) => `${position.offset} ${text}`)));
  client.on('lost', (position) => lost.push(position));
  client.on('skipped', (message) => skipped.push(message));
  client.on('trouble', (text) => trouble.push(text));
  client.start();
  return client;
}

function live(options: Partial<ClientOptions> = {}): DanmakuClient {
  const client = started(options);
  server.last.accept().say(welcome(0));
  return client;
}

describe('joining', () => {
  test('asks for the full protocol and joins with what it was given', () => {
    started({ history: 20, name: 'Mei', token: 't' });
    server.last.accept();

    expect(server.last.subprotocol).toBe(SUBPROTOCOL);
    expect(server.last.received[0]).toEqual({ type: 'join', history: 20, name: 'Mei', token: 't' });
  });

  test('is live after welcome, not before', () => {
    const client = started();
    server.last.accept();
    expect(client.state.kind).toBe('connecting');

    server.last.say(welcome(0));
    expect(client.state.kind).toBe('live');
  });

  test('gives up a handshake that does not end', () => {
    const client = started();

    clock.advance(10_000);

    expect(server.last.closedByClient).not.toBeNull();
    expect(client.state.kind).toBe('waiting');
  });

  test.each([
    ['as long as the edge answers', 200_000, true],
    ['for half a minute when it does not', 29_999, false],
  ])('waits for a delayed welcome %s', (_, time, answers) => {
    const client = started();
    server.last.accept();

    for (let waited = 0; waited + 1000 <= time; waited += 1000) {
      clock.advance(1000);
      if (answers) {
        server.last.say({ type: 'clock', client: clock.now(), server: clock.now() });
      }
    }

    expect(client.state.kind).toBe('connecting');
    expect(server.connections).toHaveLength(1);
    server.last.say(welcome(0));
    expect(client.state.kind).toBe('live');
  });

  test('goes elsewhere when there is neither a welcome nor anything else', () => {
    const client = started();
    server.last.accept();

    clock.advance(30_000);

    expect(client.state.kind).toBe('waiting');
  });
});

describe('moving', () => {
  const OTHER = 'ws://edge-2.test/ws/lobby';

  test('goes at once to where the server says, with its position and what is unanswered', () => {
    const client = live({ makeId: () => 'id' });
    server.last.say(batch(1, 'a'));
    void client.post({ text: 'mine' });
    const old = server.last;

    old.say({ type: 'move', to: OTHER });

    expect(old.closedByClient).toEqual({ code: 1000, reason: 'moving' });
    expect(server.connections.map(({ url }) => url)).toEqual([URL, OTHER]);
    expect(client.state.kind).toBe('connecting');
    server.last.accept().say(welcome(1), batch(2, 'b'));
    expect(server.last.of('join')[0]?.position).toEqual(at(1));
    expect(server.last.of('post').map(({ id }) => id)).toEqual(['id']);
    expect(shown).toEqual(['1 a', '2 b']);
    expect(lost).toEqual([]);
    old.close(1012);
    clock.advance(5000);
    expect(server.connections).toHaveLength(2);
  });

  test('goes before its welcome too', () => {
    started();
    server.last.accept().say({ type: 'move', to: OTHER });

    expect(server.last.url).toBe(OTHER);
  });

  test.each([
    ['there is none', {}],
    ['it is no address', { to: 'edge-2' }],
    ['it is no address of a WebSocket', { to: 'javascript:alert(1)' }],
  ])('goes to its own address when %s', (_, where) => {
    live();
    server.last.say({ type: 'move', ...where });

    expect(server.connections.map(({ url }) => url)).toEqual([URL, URL]);
  });

  test('does not go at once when it is sent away again soon, so that it cannot be sent around in circles', () => {
    const client = live();
    server.last.say({ type: 'move' });
    server.last.accept().say(welcome(0), { type: 'move' });

    expect(server.connections).toHaveLength(2);
    expect(client.state).toMatchObject({ kind: 'waiting', until: clock.now() + 500 });

    clock.advance(500);
    server.last.accept().say(welcome(0));
    clock.advance(7000);
    server.last.say({ type: 'viewers', count: 1 });
    clock.advance(3000);
    server.last.say({ type: 'move' });
    expect(server.connections).toHaveLength(4);
  });

  test('waits like after any loss when it is not let in, and tries its own address and the other in turn', () => {
    live();
    server.last.say({ type: 'move', to: OTHER });

    const waits = [1, 2, 3, 4].map(() => {
      server.last.close(1006);
      const tried = server.connections.length;
      let waited = 0;
      for (; server.connections.length === tried; waited += 250) {
        clock.advance(250);
      }
      return waited;
    });

    expect(waits).toEqual([500, 1000, 2000, 4000]);
    expect(server.connections.map(({ url }) => url)).toEqual([URL, OTHER, URL, OTHER, URL, OTHER]);
  });

  test('stays where it was let in after a loss', () => {
    live();
    server.last.say({ type: 'move', to: OTHER });
    server.last.accept().say(welcome(0)).close(1006);
    clock.advance(500);

    expect(server.last.url).toBe(OTHER);
  });
});

describe('coming back', () => {
  test('resumes at the position of the last danmaku shown', () => {
    const client = live();
    server.last.say(batch(1, 'a', 'b'), batch(3, 'c')).close(1006);

    clock.advance(500);
    server.last.accept();

    expect(server.connections).toHaveLength(2);
    expect(server.last.of('join')[0]?.position).toEqual(at(3));
    server.last.say(welcome(3), batch(4, 'd'));
    expect(shown).toEqual(['1 a', '2 b', '3 c', '4 d']);
    expect(client.position).toEqual(at(4));
    expect(lost).toEqual([]);
  });

  test.each([
    ['at once when chance says 0', 0, [0, 0, 0]],
    ['in the middle of a doubling limit', 0.5, [250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000]],
    ['never after more than 30 s', 0.999999, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]],
  ])('waits with full jitter, the first time too: %s', (_, luck, waits) => {
    const client = started();
    chance = luck;

    const waited = waits.map(() => {
      server.last.close(1006);
      const state = client.state;
      const wait = state.kind === 'waiting' ? state.until - clock.now() : NaN;
      clock.advance(wait);
      return Math.round(wait);
    });

    expect(waited).toEqual(waits);
    expect(server.connections).toHaveLength(waits.length + 1);
  });

  test('starts with short waits again only after a connection that held', () => {
    const client = started();
    const waitAfter = (liveFor: number) => {
      server.last.accept().say(welcome(0));
      clock.advance(liveFor / 2);
      server.last.say({ type: 'viewers', count: 1 });
      clock.advance(liveFor / 2);
      server.last.close(1012);
      const wait = client.state.kind === 'waiting' ? client.state.until - clock.now() : NaN;
      clock.advance(wait);
      return wait;
    };

    expect([waitAfter(100), waitAfter(100), waitAfter(100), waitAfter(10_000), waitAfter(100)]).toEqual([250, 500, 1000, 250, 500]);
  });

  test('does not wait when somebody wakes it', () => {
    const client = live();
    server.last.close(1006);

    client.wake();

    expect(server.connections).toHaveLength(2);
    clock.advance(500);
    expect(server.connections).toHaveLength(2);
  });

  test.each([1000, 1001, 1005, 1006, 1008, 1011, 1012, 1013, 4000, 4008, 4999])('comes back after %i', (code) => {
    const client = live();

    server.last.close(code);
    clock.advance(500);

    expect(server.connections).toHaveLength(2);
    expect(client.state.kind).toBe('connecting');
  });

  test.each([1002, 1003, 1007, 1009, 4001, 4002, 4003])('stays away after %i and says why', (code) => {
    const client = live();

    server.last.close(code);
    clock.advance(600_000);

    expect(server.connections).toHaveLength(1);
    expect(client.state).toMatchObject({ kind: 'closed', code, reason: expect.stringMatching(/\w+ .*\.$/) });
  });

  test('stops for good when told to', () => {
    const client = live();

    client.stop();
    clock.advance(600_000);

    expect(server.last.closedByClient).toEqual({ code: 1000, reason: 'bye' });
    expect(server.connections).toHaveLength(1);
    expect(client.state.kind).toBe('closed');
  });
});

describe('a dead connection', () => {
  test('is found out when nothing answers a clock until the next is due', () => {
    const client = live();
    server.last.say({ type: 'viewers', count: 1 });
    clock.advance(8000);
    expect(client.state.kind).toBe('live');

    clock.advance(8000);

    expect(server.connections[0]?.closedByClient).not.toBeNull();
    expect(client.state.kind).toBe('waiting');
  });

  test('is not assumed while anything at all arrives', () => {
    const client = live();

    for (let i = 0; i < 20; i++) {
      clock.advance(7900);
      server.last.sayText('{"type":"sparkle"}');
    }

    expect(client.state.kind).toBe('live');
    expect(server.connections).toHaveLength(1);
    expect(server.last.of('clock').length).toBeGreaterThanOrEqual(19);
  });

  test('is found out sooner when somebody wakes it', () => {
    const client = live();

    client.wake();
    clock.advance(3000);

    expect(client.state.kind).toBe('waiting');
  });

  test('is not suspected while the handshake is still going on', () => {
    const client = started();

    client.wake();
    clock.advance(9999);

    expect(client.state.kind).toBe('connecting');
    expect(server.last.closedByClient).toBeNull();
  });

  test('cannot disturb the connection that follows it', () => {
    const client = live();
    const first = server.last;
    clock.advance(16_000);
    clock.advance(250);
    server.last.accept().say(welcome(0));

    first.say(batch(1, 'late'));
    first.close(4003);

    expect(shown).toEqual([]);
    expect(client.state.kind).toBe('live');
  });
});

describe('the stream', () => {
  test('shows nothing twice when a batch repeats or overlaps', () => {
    live();

    server.last.say(batch(1, 'a', 'b'), batch(1, 'a', 'b'), batch(2, 'b', 'c'));

    expect(shown).toEqual(['1 a', '2 b', '3 c']);
  });

  test('enters a new epoch at its beginning without a word of loss', () => {
    const client = live();
    server.last.say(batch(1, 'a'));

    server.last.say({ ...batch(1, 'b'), epoch: EPOCH + 1, previous: at(1) });

    expect(shown).toEqual(['1 a', '1 b']);
    expect(lost).toEqual([]);
    expect(client.position).toEqual(at(1, EPOCH + 1));
  });

  test('drops what belongs to an epoch that is over', () => {
    live();
    server.last.say({ ...batch(1, 'new'), epoch: EPOCH + 1, previous: null }, batch(1, 'old'));

    expect(shown).toEqual(['1 new']);
  });

  test('passes lost on, after welcome and in between', () => {
    const client = started();
    server.last.accept().say(welcome(7, { lost: true }));
    server.last.say({ type: 'lost', position: at(20) }, batch(21, 'x'));

    expect(lost).toEqual([at(7), at(20)]);
    expect(client.position).toEqual(at(21));
  });

  test('tells of recalls, shows neither them nor what was recalled, and goes on behind both', () => {
    const client = live();
    const recalled: Recalled[] = [];
    client.on('recalled', (each) => recalled.push(...each));

    server.last.say(batch(1, 'a', 'b'), {
      type: 'batch',
      epoch: EPOCH,
      offset: 3,
      comments: [
        { time: 1, name: '', text: '' },
        { time: 1, name: '', text: '', recall: { epoch: EPOCH, offset: 1 } },
        { time: 1, name: 'Kai', text: 'c' },
      ],
    });

    expect(shown).toEqual(['1 a', '2 b', '5 c']);
    expect(recalled).toEqual([{ recall: { epoch: EPOCH, offset: 1 }, before: { epoch: EPOCH, offset: 4 } }]);
    expect(client.position).toEqual({ epoch: EPOCH, offset: 5 });
    expect(lost).toEqual([]);
  });

  test('a recall is sent again with its id until it is answered', async () => {
    const client = live();
    const outcome = client.recall({ position: { epoch: EPOCH, offset: 4 } });
    const [first] = server.last.of('recall');

    server.last.close(1006);
    clock.advance(5000);
    server.last.accept().say(welcome(0));
    const [again] = server.last.of('recall');
    server.last.say({ type: 'ack', id: again?.id ?? '', position: { epoch: EPOCH, offset: 9 }, durable: true });

    expect(first).toEqual({ type: 'recall', id: first?.id, position: { epoch: EPOCH, offset: 4 } });
    expect(again).toEqual({ ...first, again: true });
    expect(await outcome).toEqual({ kind: 'accepted', position: { epoch: EPOCH, offset: 9 }, durable: true });
  });

  test('tells of recalls among what was skipped', () => {
    const client = live();
    const recalled: Recalled[] = [];
    client.on('recalled', (each) => recalled.push(...each));

    server.last.say({ type: 'skipped', epoch: EPOCH, from: 1, through: 80, count: 80, recalls: [{ all: true }] });

    expect(recalled).toEqual([{ recall: { all: true }, before: { epoch: EPOCH, offset: 81 } }]);
  });

  test('passes skipped on and goes on behind it', () => {
    const client = live();

    server.last.say({ type: 'skipped', epoch: EPOCH, from: 1, through: 80, count: 80 }, batch(81, 'x'));

    expect(skipped.map(({ count }) => count)).toEqual([80]);
    expect(lost).toEqual([]);
    expect(client.position).toEqual(at(81));
  });

  test('admits a hole that the server did not announce', () => {
    live();

    server.last.say(batch(1, 'a'), batch(5, 'e'));

    expect(shown).toEqual(['1 a', '5 e']);
    expect(lost).toEqual([at(5)]);
  });

  test('goes on after garbage', () => {
    const client = live();

    server.last.sayText('{').sayText('[]').sayText('{"type":"viewers","count":"many"}').say(batch(1, 'a'));

    expect(shown).toEqual(['1 a']);
    expect(trouble).toHaveLength(3);
    expect(client.state.kind).toBe('live');
  });

  test("tells a danmaku's age by the server's clock", () => {
    const ages: number[] = [];
    const client = live();
    client.on('comments', (comments) => ages.push(...comments.map(({ age }) => age)));
    const sent = clock.now();
    clock.advance(100);
    server.last.say({ type: 'clock', client: sent, server: sent + 60_050 });

    server.last.say({ ...batch(1), comments: [comment('x', { time: sent + 50_100 })] });

    expect(ages).toEqual([10_000]);
  });
});

describe("a page's clock that stood still", () => {
  const HOUR = 3_600_000;
  let ages: number[];
  let latencies: number[];

  beforeEach(() => {
    [ages, latencies] = [[], []];
  });

  function listening(): DanmakuClient {
    const client = live();
    client.on('comments', (comments) => ages.push(...comments.map(({ age }) => age)));
    client.on('latency', (latency) => latencies.push(latency));
    return client;
  }

  /** The server answers what it was asked last. */
  function answer(roundTrip: number, time: number): void {
    const asked = server.last.of('clock').at(-1)?.client ?? NaN;
    clock.advance(roundTrip);
    server.last.say({ type: 'clock', client: asked, server: time });
  }

  test.each([
    ['and its time of day went on', () => clock.sleep(HOUR)],
    ['and its time of day with it', () => undefined],
  ])('%s: what was said an hour ago is known to be old after the reconnect', (_, sleep) => {
    const client = listening();
    answer(20, clock.now());
    sleep();
    server.last.close(1006);
    clock.advance(10_000);
    server.last.accept().say(welcome(0, { head: at(2) }));
    const real = () => clock.now() + HOUR;
    answer(300, real() + 150);

    server.last.say({ ...batch(1), comments: [comment('long ago', { time: real() - HOUR }), comment('just now', { time: real() - 400 })] });

    expect(client.state.kind).toBe('live');
    expect(ages).toEqual([HOUR, 400]);
  });

  test('before the first answer of a new connection nobody knows how old the history is, and what follows is new', () => {
    listening();
    answer(20, clock.now());
    server.last.close(1006);
    clock.advance(10_000);
    server.last.accept().say(welcome(0, { head: at(1) }));

    server.last.say(batch(1, 'missed', 'live'));

    expect(ages).toEqual([Infinity, 0]);
  });

  test('on a connection that outlived it: what comes first is old, until the server has said the time', () => {
    listening();
    answer(20, clock.now());
    clock.sleep(HOUR);

    server.last.say(batch(1, 'held up'));
    answer(500, clock.now() + HOUR + 250);
    server.last.say({ ...batch(2), comments: [comment('new', { time: clock.now() + HOUR })] });

    expect(ages).toEqual([Infinity, 0]);
  });

  test('between a question and its answer makes the answer worth nothing, and it asks again', () => {
    listening();
    answer(20, clock.now());
    clock.advance(8000);
    const asked = server.last.of('clock').length;
    clock.advance(10);
    clock.sleep(HOUR);

    answer(1, clock.now());

    expect(latencies).toEqual([20]);
    expect(server.last.of('clock')).toHaveLength(asked + 1);
  });

  test('unnoticed: the next answer that contradicts all before is believed, however long it took', () => {
    listening();
    answer(2, clock.now());
    clock.advance(7998);

    answer(400, clock.now() + HOUR + 200);
    server.last.say({ ...batch(1), comments: [comment('an hour ago', { time: clock.now() })] });

    expect(ages).toEqual([HOUR]);
  });
});

describe('posting', () => {
  const ID = '00112233445566778899aabbccddeeff';
  const makeId = () => ID;

  test('is answered with the position', async () => {
    const client = live({ makeId });

    const outcome = client.post({ text: ' hi ', mode: 'top', color: '#ff8800' });

    expect(server.last.of('post')).toEqual([{ type: 'post', id: ID, text: 'hi', mode: 'top', color: '#ff8800' }]);
    server.last.say({ type: 'ack', id: ID, position: at(1), durable: true });
    expect(await outcome).toEqual({ kind: 'accepted', position: at(1), durable: true });
  });

  test('hands on why it was refused and when to try again', async () => {
    const client = live({ makeId });

    const outcome = client.post({ text: 'hi' });
    server.last.say({ type: 'reject', id: ID, reason: 'rate_limited', retryAfter: 850, message: 'You are posting too fast.' });

    expect(await outcome).toEqual({ kind: 'refused', reason: 'rate_limited', retryAfter: 850, message: 'You are posting too fast.' });
  });

  test('sends again with the same id when the outcome is unknown, after growing random waits', async () => {
    const client = live({ makeId });
    const outcome = client.post({ text: 'hi' });

    server.last.say({ type: 'unknown', id: ID });
    clock.advance(249);
    expect(server.last.of('post')).toHaveLength(1);
    clock.advance(1);
    expect(server.last.of('post')).toHaveLength(2);
    server.last.say({ type: 'unknown', id: ID });
    clock.advance(500);

    expect(server.last.of('post').map(({ id }) => id)).toEqual([ID, ID, ID]);
    expect(server.last.of('post').map(({ again }) => again)).toEqual([undefined, true, true]);
    server.last.say({ type: 'ack', id: ID, position: at(1), durable: true });
    expect(await outcome).toMatchObject({ kind: 'accepted' });
    clock.advance(5000);
    expect(server.last.of('post')).toHaveLength(3);
  });

  test('does not send again what was answered after all', () => {
    const client = live({ makeId });
    void client.post({ text: 'hi' });

    server.last.say({ type: 'unknown', id: ID }, { type: 'ack', id: ID, position: at(1), durable: true });
    clock.advance(5000);

    expect(server.last.of('post')).toHaveLength(1);
  });

  test('sends what is unanswered again after the next welcome, in order and not before', async () => {
    const ids = ['a', 'b', 'c'];
    const client = live({ makeId: () => ids.shift() ?? '' });
    void client.post({ text: '1' });
    void client.post({ text: '2' });
    server.last.say({ type: 'ack', id: 'a', position: at(1), durable: true });
    server.last.close(1006);
    const third = client.post({ text: '3' });

    clock.advance(250);
    server.last.accept();
    expect(server.last.of('post')).toEqual([]);
    server.last.say(welcome(0));

    expect(server.last.of('post').map(({ id, text }) => `${id} ${text}`)).toEqual(['b 2', 'c 3']);
    server.last.say({ type: 'reject', id: 'c', reason: 'expired', message: 'Too late.' });
    expect(await third).toMatchObject({ kind: 'refused', reason: 'expired' });
  });

  test('does not send a post of unknown outcome over a connection that is gone', () => {
    const client = live({ makeId });
    void client.post({ text: 'hi' });
    server.last.say({ type: 'unknown', id: ID });
    chance = 0.1;
    server.last.close(1006);

    clock.advance(50);
    server.last.accept();
    clock.advance(2000);
    expect(server.last.of('post')).toEqual([]);
    server.last.say(welcome(0));

    expect(server.last.of('post')).toHaveLength(1);
  });

  test('is given up when nobody answers for a minute', async () => {
    const client = live({ makeId });
    const outcome = client.post({ text: 'hi' });

    server.last.close(1006);
    clock.advance(60_000);

    expect(await outcome).toEqual({ kind: 'unanswered' });
    server.last.accept().say(welcome(0));
    expect(server.last.of('post')).toEqual([]);
  });

  test('is refused here when too many are unanswered, and possible again after an answer', async () => {
    let next = 0;
    const client = live({ makeId: () => String(next++) });
    for (let i = 0; i < 10; i++) {
      void client.post({ text: 'hi' });
    }

    expect(await client.post({ text: 'hi' })).toMatchObject({ kind: 'refused', reason: 'too_many_unanswered' });
    server.last.say({ type: 'ack', id: '0', position: at(1), durable: true });
    void client.post({ text: 'hi' });

    expect(server.last.of('post')).toHaveLength(11);
  });

  test.each([
    ['text_empty', ' \u3000 '],
    ['text_too_long', '弹'.repeat(101)],
    ['text_empty', '\u2800'],
    ['text_too_long', 'क्षि'.repeat(101)],
    ['text_invalid', 'a\nb'],
    ['text_invalid', 'a\u0007b'],
    ['text_invalid', 'half \ud83d'],
  ])('is refused here with %s without asking the server', async (reason, text) => {
    const client = live();

    expect(await client.post({ text })).toMatchObject({ kind: 'refused', reason });
    expect(server.last.of('post')).toEqual([]);
  });

  test('is sent without what shows nothing', () => {
    const client = live();

    void client.post({ text: ' a\u202eb\tc\u200b ' });

    expect(server.last.of('post')).toMatchObject([{ text: 'ab c' }]);
  });

  test('counts characters, not UTF-16', () => {
    const client = live();

    void client.post({ text: '😀'.repeat(100) });

    expect(server.last.of('post')).toHaveLength(1);
  });

  test('has no answer when the connection ends for good, and is refused afterwards', async () => {
    const client = live({ makeId });
    const outcome = client.post({ text: 'hi' });

    server.last.close(4003);

    expect(await outcome).toEqual({ kind: 'unanswered' });
    expect(await client.post({ text: 'hi' })).toMatchObject({ kind: 'refused', reason: 'closed' });
  });

  test('a reject without id is trouble and settles nothing', () => {
    const client = live({ makeId });
    void client.post({ text: 'hi' });

    server.last.say({ type: 'reject', reason: 'field_missing', message: 'A field is missing.' });

    expect(trouble).toEqual(['A field is missing.']);
  });

  describe('marks its own danmaku', () => {
    let received: ReceivedComment[];

    function posted(): DanmakuClient {
      const client = live({ makeId });
      received = [];
      client.on('comments', (comments) => received.push(...comments));
      void client.post({ text: 'mine' });
      return client;
    }

    const own = () => received.filter((item) => item.own).map((item) => item.position.offset);

    test('when the ack comes first', () => {
      posted();

      server.last.say({ type: 'ack', id: ID, position: at(2), durable: true });
      server.last.say(batch(1, 'other', 'mine', 'mine'));

      expect(own()).toEqual([2]);
    });

    test('when the batch comes first', () => {
      posted();

      server.last.say({ ...batch(1), comments: [comment('mine'), comment('mine', { name: 'Mei' })] });

      expect(own()).toEqual([2]);
    });

    test('when the ack says so twice, it is told twice, and nothing is posted again', () => {
      const client = posted();
      const durable: boolean[] = [];
      client.on('ack', (ack) => durable.push(ack.durable));

      server.last.say({ type: 'ack', id: ID, position: at(1), durable: false }, batch(1, 'mine'));
      server.last.say({ type: 'ack', id: ID, position: at(1), durable: true }, batch(2, 'mine'));
      server.last.close(1006);
      clock.advance(500);
      server.last.accept().say(welcome(2), { type: 'ack', id: ID, position: at(1), durable: true });

      expect(durable).toEqual([false, true, true]);
      expect(own()).toEqual([1]);
      expect(server.last.of('post')).toEqual([]);
      expect(trouble).toEqual([]);
    });

    test('and the first ack answers the post, also one that is not durable yet', async () => {
      const client = live({ makeId });
      const outcome = client.post({ text: 'mine' });

      server.last.say({ type: 'ack', id: ID, position: at(1), durable: false }, { type: 'ack', id: ID, position: at(1), durable: true });

      expect(await outcome).toEqual({ kind: 'accepted', position: at(1), durable: false });
    });
  });
});
