// @vitest-environment happy-dom
import { beforeEach, describe, expect, test } from 'vitest';

import type { ReceivedComment } from '../src/client/events';
import type { Draft } from '../src/client/messages';
import type { Flight } from '../src/overlay/overlay';
import { Composer } from '../src/page/composer';
import { Feed } from '../src/page/feed';
import { Log, MAX_LINES } from '../src/page/log';
import { explain } from '../src/page/refusal';
import { roomFrom, socketUrl } from '../src/page/room';
import { Status } from '../src/page/status';
import { Toast } from '../src/page/toast';
import { ManualClock } from './manualclock';

let clock: ManualClock;

beforeEach(() => {
  clock = new ManualClock();
  document.body.replaceChildren();
});

function received(offset: number, more: Partial<ReceivedComment> = {}): ReceivedComment {
  return { time: 1, name: 'Kai', text: `t${offset}`, position: { epoch: 1, offset }, own: false, age: 0, ...more };
}

describe('room', () => {
  test.each([
    ['', '', 'lobby'],
    ['?room=cinema', '', 'cinema'],
    ['?room=Cinema_2', '#other', 'cinema_2'],
    ['', '#night-1', 'night-1'],
    ['', '#/night-1', 'night-1'],
    ['?room=', '', 'lobby'],
    ['?room=a%20b', '', null],
    ['', '#电影', null],
    ['', '#%', null],
    [`?room=${'a'.repeat(65)}`, '', null],
  ])('%s%s is %s', (search, hash, room) => {
    expect(roomFrom(search, hash)).toBe(room);
  });

  test.each([
    ['http:', 'ws://node:8080/ws/lobby'],
    ['https:', 'wss://node:8080/ws/lobby'],
  ])('is reached over %s at %s', (protocol, url) => {
    expect(socketUrl({ protocol, host: 'node:8080' }, 'lobby')).toBe(url);
  });
});

describe('Feed', () => {
  let flown: Flight[];
  let feed: Feed;

  beforeEach(() => {
    flown = [];
    feed = new Feed((flight) => flown.push(flight));
  });

  const offsets = () => flown.map((flight) => flight.position.offset);
  const many = (from: number, count: number, age: number) => Array.from({ length: count }, (_, i) => received(from + i, { age }));

  test.each([0, 60_000, Infinity])('what was said before the page was opened does not fly, if %d ms ago', (age) => {
    feed.welcomed({ epoch: 1, offset: 50 });

    feed.add(many(1, 50, age));

    expect(offsets()).toEqual([]);
  });

  test('what is said while it is open flies at once, in its usual looks if it has none', () => {
    feed.welcomed({ epoch: 1, offset: 3 });
    feed.add([...many(1, 3, 60_000), received(4), received(5, { mode: 'top', color: '#ff0000', size: 'large' })]);

    expect(flown).toEqual([
      expect.objectContaining({ mode: 'scroll', color: '#ffffff', size: 'medium' }),
      expect.objectContaining({ mode: 'top', color: '#ff0000', size: 'large' }),
    ]);
  });

  test('what was missed for a moment flies after the reconnect, and nothing older', () => {
    feed.welcomed({ epoch: 1, offset: 3 });
    feed.welcomed({ epoch: 1, offset: 7 });

    feed.add([...many(2, 2, 1000), received(4, { age: 3_600_000 }), received(5, { age: Infinity }), received(6, { age: 6000 }), received(7, { age: 4000 })]);

    expect(offsets()).toEqual([7]);
  });

  test("what was held up on its way does not fly, and seconds between the nodes' clocks hold up nothing", () => {
    feed.welcomed({ epoch: 1, offset: 0 });

    feed.add([received(1, { age: 3_600_000 }), received(2, { age: Infinity }), received(3, { age: 6000 })]);

    expect(offsets()).toEqual([3]);
  });

  test('an own one that was accepted while the connection was away flies however long that took', () => {
    feed.welcomed({ epoch: 1, offset: 0 });
    feed.welcomed({ epoch: 1, offset: 2 });

    feed.add([received(1, { age: 30_000 }), received(2, { age: 30_000, own: true })]);

    expect(offsets()).toEqual([2]);
  });

  test('a later epoch is new', () => {
    feed.welcomed({ epoch: 1, offset: 50 });

    feed.add([received(1, { position: { epoch: 2, offset: 1 } })]);

    expect(offsets()).toEqual([1]);
  });
});

describe('Log', () => {
  let list: HTMLElement;
  let newest: HTMLButtonElement;
  let log: Log;

  beforeEach(() => {
    list = document.createElement('ol');
    newest = document.createElement('button');
    log = new Log(list, newest);
  });

  test('writes text as text', () => {
    log.add([received(1, { name: '<i>', text: '<script>alert(1)</script>' })]);

    expect(list.textContent).toBe('<i> <script>alert(1)</script>');
    expect(list.querySelector('script, i')).toBeNull();
  });

  test('keeps the newest lines', () => {
    log.add(Array.from({ length: 1000 }, (_, i) => received(i + 1)));
    log.add([received(1001)]);

    expect(list.childElementCount).toBe(MAX_LINES);
    expect((list.lastElementChild as HTMLElement).dataset['offset']).toBe('1001');
  });

  test('marks a line as own when that is known later', () => {
    log.add([received(1), received(2)]);

    log.markOwn({ epoch: 1, offset: 2 }, true);

    expect([...list.children].map((line) => line.classList.contains('own'))).toEqual([false, true]);
  });

  test.each(['before', 'after'])('marks an own line that is not saved yet until it is, when the ack comes %s the line', (when) => {
    const unsaved = () => [...list.children].map((line) => line.querySelector('.unsaved')?.getAttribute('aria-label'));
    if (when === 'after') {
      log.add([received(1), received(2)]);
    }
    log.markOwn({ epoch: 1, offset: 2 }, false);
    if (when === 'before') {
      log.add([received(1), received(2)]);
    }
    log.add([received(3)]);

    expect(unsaved()).toEqual([undefined, 'Not saved yet', undefined]);
    expect(list.querySelectorAll('.unsaved')).toHaveLength(1);
    log.markOwn({ epoch: 1, offset: 2 }, true);
    log.add([received(4)]);
    expect(unsaved()).toEqual([undefined, undefined, undefined, undefined]);
  });

  test('does not pull away somebody who reads further up', () => {
    Object.defineProperty(list, 'scrollHeight', { value: 1000 });
    Object.defineProperty(list, 'clientHeight', { value: 200 });
    newest.hidden = true;
    list.scrollTop = 100;
    list.dispatchEvent(new Event('scroll'));

    log.add([received(1)]);

    expect(list.scrollTop).toBe(100);
    expect(newest.hidden).toBe(false);
    newest.click();
    expect(newest.hidden).toBe(true);
    expect(list.scrollTop).toBeGreaterThan(100);
  });

  test('shows that something was taken back, and not what', () => {
    log.add([received(1, { user: 'm', time: 5 }), received(2, { user: 'k', time: 6 }), received(3, { user: 'm', time: 7 })]);

    log.recall([{ recall: { user: 'm', since: 6 }, before: { epoch: 1, offset: 4 } }]);
    log.recall([{ recall: { epoch: 1, offset: 2 }, before: { epoch: 1, offset: 5 } }]);

    expect([...list.children].map((line) => line.textContent)).toEqual(['Kai t1', 'Taken back', 'Taken back']);
    expect(list.innerHTML).not.toContain('t2');
  });

  test('keeps what was said after everything was taken back', () => {
    log.add([received(1), received(2), received(4)]);

    log.recall([{ recall: { all: true }, before: { epoch: 1, offset: 3 } }]);

    expect([...list.children].map((line) => line.textContent)).toEqual(['Taken back', 'Taken back', 'Kai t4']);
  });
});

describe('Composer', () => {
  let posted: Draft[];
  let composer: Composer;
  let text: HTMLInputElement;
  let form: HTMLFormElement;

  beforeEach(() => {
    document.body.innerHTML = `
      <form><input type="text"><output></output>
        <fieldset><input type="radio" name="s" value="#ffffff"><input type="radio" name="s" value="#ff6b6b"><input type="color" value="#ffffff"></fieldset>
        <select class="mode"><option value="scroll"><option value="top"></select>
        <select class="size"><option value="medium"><option value="large"></select>
      </form>`;
    posted = [];
    form = one('form');
    text = one('[type=text]');
    composer = new Composer(
      { form, text, counter: one('output'), swatches: one('fieldset'), color: one('[type=color]'), mode: one('.mode'), size: one('.size') },
      (draft) => posted.push(draft),
    );
  });

  function one<T extends Element>(selector: string): T {
    const found = document.querySelector<T>(selector);
    if (found === null) {
      throw new Error(selector);
    }
    return found;
  }

  function write(value: string): void {
    text.value = value;
    text.dispatchEvent(new Event('input'));
  }

  const submit = () => form.dispatchEvent(new Event('submit', { cancelable: true }));

  test('posts what was written and chosen, and empties the box', () => {
    write(' 弹幕 ');
    one<HTMLSelectElement>('.mode').value = 'top';
    one<HTMLSelectElement>('.size').value = 'large';
    const color = one<HTMLInputElement>('[type=color]');
    color.value = '#ff8800';
    color.dispatchEvent(new Event('input'));
    submit();

    expect(posted).toEqual([{ text: '弹幕', mode: 'top', size: 'large', color: '#ff8800' }]);
    expect(text.value).toBe('');
  });

  test('posts nothing when there is nothing', () => {
    write('  ');
    submit();

    expect(posted).toEqual([]);
  });

  test('stops at 100 characters, not at 100 UTF-16 units, and counts near the end', () => {
    write('a'.repeat(80));
    expect(one('output').textContent).toBe('');

    write('😀'.repeat(120));
    expect([...text.value]).toHaveLength(100);
    expect(one('output').textContent).toBe('100/100');
  });

  test.each([
    ['a family', '👨‍👩‍👧‍👦', 98, 100],
    ['a flag', '🇯🇵', 98, 100],
    ['a hand with skin tone', '👋🏽', 98, 100],
    ['a keycap', '1️⃣', 98, 100],
    ['decomposed Hangul', '\u1112\u1161\u11ab', 98, 100],
    ['Devanagari', 'क्षि', 98, 100],
    ['decomposed dakuten', 'か\u3099', 98, 100],
  ])('keeps %s whole at the limit, or leaves it out whole', (_, character, before, limit) => {
    write('a'.repeat(before) + character.repeat(3));
    expect(text.value).toBe('a'.repeat(before) + character.repeat(limit - before));

    write('a'.repeat(limit) + character);
    expect(text.value).toBe('a'.repeat(limit));
  });

  test('stops at 400 code points, too, with whole families, and the counter says so', () => {
    write('👨‍👩‍👧‍👦'.repeat(60));

    expect(text.value).toBe('👨‍👩‍👧‍👦'.repeat(57));
    expect(one('output').textContent).toBe('100/100');
  });

  test('a remark that was pasted with a tab, isolates and hidden tags is posted without them', () => {
    write('\u2068Mei\u2069:\thi\u{e0068}\u{e0069}\u{e007f}');
    submit();

    expect(posted).toMatchObject([{ text: 'Mei: hi' }]);
  });

  test('what is taken out of a remark takes no place in the box', () => {
    write('a\u200b'.repeat(99) + '😀');

    expect(text.value).toBe('a'.repeat(99) + '😀');
  });

  test.each([['Braille without dots', '\u2800'], ['a Hangul filler', '\u3164'], ['joiners', '\u200d\u200c'], ['hidden tags', '\u{e0041}\u{e007f}']])(
    'posts nothing when only %s is there',
    (_, blank) => {
      write(blank);
      submit();

      expect(posted).toEqual([]);
    },
  );

  test('a swatch sets the colour', () => {
    const swatch = one<HTMLInputElement>('[value="#ff6b6b"]');
    swatch.checked = true;
    swatch.dispatchEvent(new Event('change', { bubbles: true }));

    expect(one<HTMLInputElement>('[type=color]').value).toBe('#ff6b6b');
  });

  test('gives a refused text back, but not over a new one', () => {
    expect(composer.giveBack('old')).toBe(true);
    expect(text.value).toBe('old');

    write('new');
    expect(composer.giveBack('old')).toBe(false);
    expect(text.value).toBe('new');
  });
});

describe('Status', () => {
  function bar() {
    const at = {
      state: document.createElement('p'),
      stateText: document.createElement('span'),
      detail: document.createElement('span'),
      retry: document.createElement('button'),
      viewers: document.createElement('span'),
      edge: document.createElement('span'),
    };
    return { at, status: new Status(at, clock) };
  }

  test('counts down while it waits', () => {
    const { at, status } = bar();
    const seen: string[] = [];

    status.show({ kind: 'waiting', until: clock.now() + 2500 });
    for (let i = 0; i < 4; i++) {
      seen.push(`${at.stateText.textContent}${at.detail.textContent}`);
      clock.advance(i === 0 ? 500 : 1000);
    }

    expect(seen).toEqual(['Reconnecting in 3 s', 'Reconnecting in 2 s', 'Reconnecting in 1 s', 'Reconnecting…']);
    expect(at.state.dataset['state']).toBe('waiting');
    expect(at.retry.hidden).toBe(false);
  });

  test('says how live it is', () => {
    const { at, status } = bar();

    status.show({ kind: 'live' });
    status.showLatency(23.4);
    status.showViewers(1234);

    expect([at.stateText, at.detail, at.viewers].map((part) => part.textContent)).toEqual(['Live', ' · 23 ms', '1,234']);
    status.show({ kind: 'connecting' });
    expect([at.stateText, at.detail].map((part) => part.textContent)).toEqual(['Reconnecting…', '']);
  });
});

describe('explain', () => {
  test.each([
    [{ kind: 'accepted', position: { epoch: 1, offset: 1 }, durable: true }, null],
    [
      { kind: 'refused', reason: 'rate_limited', message: 'You are posting too fast.', retryAfter: 850 },
      'You are posting too fast – try again in 0.9 s',
    ],
    [{ kind: 'refused', reason: 'room_limit', message: 'No room.', retryAfter: 12_345 }, 'No room – try again in 13 s'],
    [{ kind: 'refused', reason: 'forbidden', message: 'You may not post here.' }, 'You may not post here'],
    [{ kind: 'unanswered' }, 'Nobody answered, so this may not have been posted'],
  ] as const)('%o', (outcome, text) => {
    expect(explain(outcome)).toBe(text);
  });
});

test('a toast goes away by itself, and a newer one has its full time', () => {
  const line = document.createElement('p');
  const toast = new Toast(line, clock);

  toast.show('first');
  clock.advance(4000);
  toast.show('second');
  clock.advance(4000);
  expect(line.textContent).toBe('second');
  clock.advance(1000);
  expect(line.textContent).toBe('');
});
