import { describe, expect, test } from 'vitest';

import clientVectors from '../../docs/vectors/client-messages.json';
import positionVectors from '../../docs/vectors/positions.json';
import serverVectors from '../../docs/vectors/server-messages.json';
import { decode, encode } from '../src/client/codec';
import { MODES, SIZES } from '../src/client/messages';
import type { ClientMessage } from '../src/client/messages';
import { Stream } from '../src/client/stream';

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
      };
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
    default:
      return { type: 'clock', client: Number(reads.client) };
  }
}

/** Without nulls and falsehoods, which the server takes for absent; `clock` is compared as a number. */
function asRead(value: unknown): Record<string, unknown> {
  const entries = Object.entries(value as Record<string, unknown>).filter(([, field]) => field !== null && field !== false);
  return Object.fromEntries(entries.map(([name, field]) => [name, name === 'client' ? Number(field) : field]));
}
