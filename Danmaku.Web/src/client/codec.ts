/** Text to messages and back (docs/protocol.md, section 4). Nothing here throws on what a server sent. */

import { MODES, ROLES, SIZES } from './messages';
import type { Batch, ClientMessage, Comment, HistoryIndex, Position, Recall, Reject, SegmentEntry, ServerMessage, Skipped, Welcome } from './messages';

/** What one text message turned out to be. `ignored` is a type from the future; `garbage` is a server's mistake. */
export type Decoded =
  | { readonly kind: 'message'; readonly message: ServerMessage }
  | { readonly kind: 'ignored'; readonly type: string }
  | { readonly kind: 'garbage'; readonly why: string };

export function encode(message: ClientMessage): string {
  return JSON.stringify(message);
}

export function decode(text: string): Decoded {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { kind: 'garbage', why: 'not JSON' };
  }
  if (!isFields(value) || typeof value['type'] !== 'string') {
    return { kind: 'garbage', why: 'not an object with a type' };
  }

  const type = value['type'];
  const reader = readers.get(type);
  if (reader === undefined) {
    return { kind: 'ignored', type };
  }
  try {
    return { kind: 'message', message: reader(value) };
  } catch (error) {
    if (error instanceof Unreadable) {
      return { kind: 'garbage', why: `${type}: ${error.message}` };
    }
    throw error;
  }
}

/** A segment of a room's history (docs/history.md), which holds danmaku as a batch does. Null when it is none. */
export function readSegment(value: unknown): Batch | null {
  return readOrNull(value, readBatch);
}

/** The index of a room's history. Null when it is none. */
export function readIndex(value: unknown): HistoryIndex | null {
  return readOrNull(value, (fields) => ({
    segments: list(fields, 'epochs').flatMap((epoch) => list(epoch, 'segments').map((segment) => readSegmentEntry(integer(epoch, 'epoch'), segment))),
    ...(typeof fields['earlier'] === 'string' ? { earlier: fields['earlier'] } : {}),
  }));
}

function readOrNull<T>(value: unknown, read: (fields: Fields) => T | null): T | null {
  try {
    return isFields(value) ? read(value) : null;
  } catch (error) {
    if (error instanceof Unreadable) {
      return null;
    }
    throw error;
  }
}

type Fields = Readonly<Record<string, unknown>>;

/** Never leaves this file. */
class Unreadable extends Error {}

const readers = new Map<string, (fields: Fields) => ServerMessage>([
  ['welcome', readWelcome],
  ['batch', readBatch],
  ['ack', (f) => ({ type: 'ack', id: string(f, 'id'), position: position(f['position']), durable: boolean(f, 'durable') })],
  ['reject', readReject],
  ['unknown', (f) => ({ type: 'unknown', id: string(f, 'id') })],
  ['viewers', (f) => ({ type: 'viewers', count: integer(f, 'count') })],
  ['skipped', readSkipped],
  ['lost', (f) => ({ type: 'lost', position: position(f['position']) })],
  ['move', (f) => ({ type: 'move', ...(typeof f['to'] === 'string' ? { to: f['to'] } : {}) })],
  ['clock', (f) => ({ type: 'clock', client: number(f, 'client'), server: number(f, 'server') })],
  ['token_expiring', (f) => ({ type: 'token_expiring', within: integer(f, 'within') })],
  ['error', (f) => ({ type: 'error', reason: string(f, 'reason'), message: string(f, 'message') })],
]);

function readWelcome(f: Fields): Welcome {
  const [user, identity] = [f['user'], f['identity']];
  const role = ROLES.find((known) => known === f['role']);
  return {
    type: 'welcome',
    room: string(f, 'room'),
    node: string(f, 'node'),
    name: string(f, 'name'),
    position: position(f['position']),
    head: position(f['head']),
    lost: boolean(f, 'lost'),
    viewers: integer(f, 'viewers'),
    heartbeat: integer(f, 'heartbeat'),
    ...(typeof identity === 'string' ? { identity } : {}),
    ...(typeof user === 'string' ? { user } : {}),
    ...(role === undefined ? {} : { role }),
  };
}

function readSkipped(f: Fields): Skipped {
  return {
    type: 'skipped',
    epoch: integer(f, 'epoch'),
    from: integer(f, 'from'),
    through: integer(f, 'through'),
    count: integer(f, 'count'),
    ...(f['recalls'] === undefined ? {} : { recalls: list(f, 'recalls').map(readRecall) }),
  };
}

function readBatch(f: Fields): Batch {
  const comments = f['comments'];
  if (!Array.isArray(comments) || comments.length === 0) {
    throw new Unreadable('comments is not a filled array');
  }
  const offset = integer(f, 'offset');
  if (offset < 1 || !Number.isSafeInteger(offset + comments.length)) {
    throw new Unreadable('offset is out of range');
  }
  const previous = f['previous'];
  return {
    type: 'batch',
    epoch: integer(f, 'epoch'),
    offset,
    comments: comments.map(readComment),
    ...(previous === undefined ? {} : { previous: previous === null ? null : position(previous) }),
  };
}

/** Unknown looks are left out, as if the server had not said them: a later server may know more modes than we do. */
function readComment(value: unknown): Comment {
  if (!isFields(value)) {
    throw new Unreadable('a comment is not an object');
  }
  const mode = MODES.find((known) => known === value['mode']);
  const size = SIZES.find((known) => known === value['size']);
  const role = ROLES.find((known) => known === value['role']);
  const [color, at, user, recall] = [value['color'], value['at'], value['user'], value['recall']];
  return {
    time: number(value, 'time'),
    name: string(value, 'name'),
    text: string(value, 'text'),
    ...(mode === undefined ? {} : { mode }),
    ...(typeof color === 'string' && isColor(color) ? { color } : {}),
    ...(size === undefined ? {} : { size }),
    ...(isCount(at) ? { at } : {}),
    ...(typeof user === 'string' ? { user } : {}),
    ...(role === undefined ? {} : { role }),
    ...(isFields(recall) ? { recall: readRecall(recall) } : {}),
  };
}

/** A recall that a later server has invented may mean anything: it counts as one of everything. */
function readRecall(value: Fields): Recall {
  const [user, since] = [value['user'], value['since']];
  if (isCount(value['epoch']) && isCount(value['offset'])) {
    return { epoch: value['epoch'], offset: value['offset'] };
  }
  return typeof user === 'string' && isCount(since) ? { user, since } : { all: true };
}

function readSegmentEntry(epoch: number, f: Fields): SegmentEntry {
  return {
    epoch,
    first: integer(f, 'first'),
    last: integer(f, 'last'),
    from: integer(f, 'from'),
    to: integer(f, 'to'),
    sealed: boolean(f, 'sealed'),
    url: string(f, 'url'),
  };
}

function readReject(f: Fields): Reject {
  const id = f['id'];
  const retryAfter = f['retryAfter'];
  return {
    type: 'reject',
    ...(typeof id === 'string' ? { id } : {}),
    reason: string(f, 'reason'),
    ...(isCount(retryAfter) ? { retryAfter } : {}),
    message: string(f, 'message'),
  };
}

/** Whether a value may be put into a style as a colour. */
export function isColor(value: string): boolean {
  return /^#[0-9a-f]{6}$/i.test(value);
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function position(value: unknown): Position {
  if (!isFields(value)) {
    throw new Unreadable('position is not an object');
  }
  return { epoch: integer(value, 'epoch'), offset: integer(value, 'offset') };
}

function list(fields: Fields, name: string): readonly Fields[] {
  const value = fields[name];
  if (!Array.isArray(value) || !value.every(isFields)) {
    throw new Unreadable(`${name} is not an array of objects`);
  }
  return value;
}

function integer(fields: Fields, name: string): number {
  const value = fields[name];
  if (!isCount(value)) {
    throw new Unreadable(`${name} is not an integer from 0 to 2^53`);
  }
  return value;
}

function number(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw new Unreadable(`${name} is not a number`);
  }
  return value;
}

function string(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string') {
    throw new Unreadable(`${name} is not a string`);
  }
  return value;
}

function boolean(fields: Fields, name: string): boolean {
  const value = fields[name];
  if (typeof value !== 'boolean') {
    throw new Unreadable(`${name} is not true or false`);
  }
  return value;
}
