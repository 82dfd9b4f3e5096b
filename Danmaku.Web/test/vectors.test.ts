import { describe, expect, test } from 'vitest';

import clientVectors from '../../docs/vectors/client-messages.json';
import graphemeVectors from '../../docs/vectors/graphemes.json';
import positionVectors from '../../docs/vectors/positions.json';
import resumeVectors from '../../docs/vectors/resume.json';
import serverVectors from '../../docs/vectors/server-messages.json';
import textVectors from '../../docs/vectors/texts.json';
import { decode, encode } from '../src/client/codec';
import { DanmakuClient } from '../src/client/connection';
import { graphemes } from '../src/client/graphemes';
import { MODES, SIZES } from '../src/client/messages';
import type { ClientMessage, Position } from '../src/client/messages';
import { Stream } from '../src/client/stream';
import { checkText } from '../src/client/text';
import { FakeServer } from './fakeserver';
import { ManualClock } from './manualclock';

describe('vectors/server-messages.json', () => {
  test.each(serverVectors.cases)('$name', ({ text, message }) => {
    expect(decode(text)).toEqual({ kind: 'message', message });
  });
});

describe('vectors/positions.json', () => {
  test.each(positionVectors.cases)('$name', ({ messages, position }) => {
    const stream = new Stream();

    for (const message of messages) {
      const decoded = decode(JSON.stringify(message));
      if (decoded.kind === 'message') {
        const known = decoded.message;
        if (known.type === 'welcome' || known.type === 'batch' || known.type === 'skipped' || known.type === 'lost') {
          stream.apply(known);
        }
      }
    }

    expect(stream.position).toEqual(position);
  });
});

describe('vectors/resume.json, as a client sees it', () => {
  const cases = resumeVectors.cases.flatMap(({ name, connections, position }) =>
    connections === undefined ? [] : [{ name, connections, position }],
  );

  test.each(cases)('$name', ({ connections, position }) => {
    const [server, clock] = [new FakeServer(), new ManualClock()];
    const client = new DanmakuClient({ url: 'ws://edge.test/ws/r', connect: server.connect, clock, random: () => 0.5 });
    const sees = listen(client);
    client.start();

    for (const { joins, hears, sees: expected } of connections) {
      const connection = server.last.accept();
      expect(connection.of('join')[0]?.position ?? null).toEqual(joins);
      hears.forEach((message) => connection.sayText(JSON.stringify(message)));
      expect(sees.splice(0)).toEqual(expected);
      connection.close(1006);
      clock.advance(5000);
      expect(server.last).not.toBe(connection);
    }

    expect(client.position).toEqual(position);
  });
});

/** What a client shows and reports, as the vectors write it. */
function listen(client: DanmakuClient): string[] {
  const sees: string[] = [];
  client.on('comments', (comments) => {
    const positions = comments.map((comment) => comment.position);
    expect(comments.map(({ text }) => text)).toEqual(positions.map(written));
    sees.push(run(positions[0], positions.at(-1)?.offset));
  });
  client.on('lost', () => sees.push('lost'));
  client.on('skipped', ({ epoch, from, through }) => sees.push(`skipped ${run({ epoch, offset: from }, through)}`));
  return sees;
}

function written({ epoch, offset }: Position): string {
  return `${epoch}:${offset}`;
}

function run(first: Position | undefined, through: number | undefined): string {
  if (first === undefined || through === undefined) {
    return 'nothing';
  }
  return first.offset === through ? written(first) : `${written(first)}-${through}`;
}

describe('vectors/texts.json', () => {
  const cases: readonly { name: string; text: string; times?: number; shows?: string; refused?: string }[] = textVectors.cases;

  test.each(cases)('$name', ({ text, times = 1, shows, refused }) => {
    expect(checkText(text.repeat(times))).toEqual(refused === undefined ? { text: shows?.repeat(times) } : { problem: refused });
  });

  test.each(cases.filter(({ refused }) => refused === undefined))('cleaned once is clean: $name', ({ times = 1, shows = '' }) => {
    expect(checkText(shows.repeat(times))).toEqual({ text: shows.repeat(times) });
  });
});

describe('vectors/graphemes.json', () => {
  test.each(graphemeVectors.cases)('$name', ({ name }) => {
    const parts = name.split('÷').slice(1, -1);
    const characters = parts.map((part) => part.split('×').map((hex) => String.fromCodePoint(parseInt(hex, 16))).join(''));

    expect([...graphemes(characters.join(''))]).toEqual(characters);
  });
});

describe('vectors/client-messages.json: what we send is read as we meant it', () => {
  const readable = clientVectors.cases.flatMap(({ name, reads }) => (reads === undefined ? [] : [{ name, reads }]));

  test.each(readable)('$name', ({ reads }) => {
    const sent: unknown = JSON.parse(encode(meant(reads)));

    expect(asRead(sent)).toEqual(asRead(reads));
  });
});

type Reads = NonNullable<(typeof clientVectors.cases)[number]['reads']>;

/** The message of ours that would be read like this: what is null we leave out. */
function meant(reads: Reads): ClientMessage {
  switch (reads.type) {
    case 'join':
      return {
        type: 'join',
        ...(reads.position ? { position: reads.position } : {}),
        ...(typeof reads.history === 'number' ? { history: reads.history } : {}),
        ...(typeof reads.name === 'string' ? { name: reads.name } : {}),
        ...(typeof reads.token === 'string' ? { token: reads.token } : {}),
        ...(typeof reads.identity === 'string' ? { identity: reads.identity } : {}),
      };
    case 'refresh':
      return { type: 'refresh', token: reads.token ?? '' };
    case 'post': {
      const mode = MODES.find((known) => known === reads.mode);
      const size = SIZES.find((known) => known === reads.size);
      return {
        type: 'post',
        id: reads.id ?? '',
        text: reads.text ?? '',
        ...(mode === undefined ? {} : { mode }),
        ...(size === undefined ? {} : { size }),
        ...(reads.color === undefined ? {} : { color: reads.color }),
        ...(typeof reads.at === 'number' ? { at: reads.at } : {}),
        ...(reads.again === true ? { again: true } : {}),
      };
    }
    case 'recall': {
      const order = reads.position ? { position: reads.position } : reads.user ? { user: reads.user, within: reads.within ?? 0 } : { all: true as const };
      return { type: 'recall', id: reads.id ?? '', ...order, ...(reads.again === true ? { again: true } : {}) };
    }
    default:
      return { type: 'clock', client: Number(reads.client) };
  }
}

/** Without nulls and falsehoods, which the server takes for absent; `clock` is compared as a number. */
function asRead(value: unknown): Record<string, unknown> {
  const entries = Object.entries(value as Record<string, unknown>).filter(([, field]) => field !== null && field !== false);
  return Object.fromEntries(entries.map(([name, field]) => [name, name === 'client' ? Number(field) : field]));
}
