import { describe, expect, test } from 'vitest';

import { decode } from '../src/client/codec';

describe('decode', () => {
  test.each([
    ['nothing', ''],
    ['half a message', '{"type":"batch","epo'],
    ['an array', '[]'],
    ['null', 'null'],
    ['a number', '7'],
    ['no type', '{"epoch":1}'],
    ['a type that is no string', '{"type":1}'],
    ['a welcome without position', '{"type":"welcome","room":"r","node":"n","name":"a","lost":false,"viewers":1,"heartbeat":7000}'],
    ['a batch without comments', '{"type":"batch","epoch":1,"offset":1,"comments":[]}'],
    ['a batch at offset 0', '{"type":"batch","epoch":1,"offset":0,"comments":[{"time":1,"name":"a","text":"x"}]}'],
    ['a batch that ends beyond 2^53', '{"type":"batch","epoch":1,"offset":9007199254740991,"comments":[{"time":1,"name":"a","text":"x"}]}'],
    ['an offset that is no integer', '{"type":"batch","epoch":1,"offset":1.5,"comments":[{"time":1,"name":"a","text":"x"}]}'],
    ['a comment without text', '{"type":"batch","epoch":1,"offset":1,"comments":[{"time":1,"name":"a"}]}'],
    ['a comment that is a string', '{"type":"batch","epoch":1,"offset":1,"comments":["x"]}'],
    ['a text that is an object', '{"type":"batch","epoch":1,"offset":1,"comments":[{"time":1,"name":"a","text":{}}]}'],
    ['a negative count', '{"type":"viewers","count":-1}'],
    ['a lost without position', '{"type":"lost"}'],
  ])('calls %s garbage and does not throw', (_, text) => {
    expect(decode(text).kind).toBe('garbage');
  });

  test.each(['recall', 'constructor', '__proto__', 'toString'])('ignores the unknown type %s', (type) => {
    expect(decode(JSON.stringify({ type }))).toEqual({ kind: 'ignored', type });
  });

  test('ignores unknown fields', () => {
    const text = '{"type":"viewers","count":3,"future":{"a":[1]}}';

    expect(decode(text)).toEqual({ kind: 'message', message: { type: 'viewers', count: 3 } });
  });

  test('passes over an address that is no text', () => {
    expect(decode('{"type":"move","to":7}')).toEqual({ kind: 'message', message: { type: 'move' } });
  });

  test('shows a danmaku whose looks it does not know in the usual looks', () => {
    const looks = { mode: 'spiral', size: 'huge', color: 'red;background:url(//evil)', at: -1 };
    const text = JSON.stringify({ type: 'batch', epoch: 1, offset: 1, comments: [{ time: 1, name: 'a', text: 'x', ...looks }] });

    expect(decode(text)).toEqual({
      kind: 'message',
      message: { type: 'batch', epoch: 1, offset: 1, comments: [{ time: 1, name: 'a', text: 'x' }] },
    });
  });
});
