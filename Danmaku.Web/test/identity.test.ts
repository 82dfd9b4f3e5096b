import { beforeEach, describe, expect, test } from 'vitest';

import { DanmakuClient } from '../src/client/connection';
import type { ClientOptions } from '../src/client/events';
import { browserIdentity } from '../src/client/identity';
import type { IdentityStore } from '../src/client/identity';
import { FakeServer, welcome } from './fakeserver';
import { ManualClock } from './manualclock';

let clock: ManualClock;
let server: FakeServer;
let trouble: string[];

beforeEach(() => {
  clock = new ManualClock();
  server = new FakeServer();
  trouble = [];
});

function started(options: Partial<ClientOptions>): DanmakuClient {
  const client = new DanmakuClient({ url: 'ws://edge.test/ws/lobby', connect: server.connect, clock, random: () => 0.5, ...options });
  client.on('trouble', (text) => trouble.push(text));
  client.start();
  return client;
}

/** Lets promises that are settled be heard of. */
async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) {
    await Promise.resolve();
  }
}

function kept(): IdentityStore & { value: string | null } {
  return {
    value: null,
    load() {
      return this.value;
    },
    save(identity) {
      this.value = identity;
    },
  };
}

describe('an identity to keep', () => {
  test('is kept, and brought along the next time', () => {
    const identity = kept();
    started({ identity });
    server.last.accept().say(welcome(0, { identity: 'a1.x' })).close(1006);

    clock.advance(500);
    server.last.accept().say(welcome(0));

    expect(server.connections[0]?.of('join')[0]?.identity).toBeUndefined();
    expect(server.last.of('join')[0]?.identity).toBe('a1.x');
    expect(identity.value).toBe('a1.x');
  });

  test('is that of the browser, for as long as the page is open where the browser keeps nothing', () => {
    const items = new Map<string, string>();
    const storage = { getItem: (name: string) => items.get(name) ?? null, setItem: (name: string, value: string) => void items.set(name, value) };
    browserIdentity(() => storage).save('a1.x');
    const locked = browserIdentity(() => {
      throw new Error('SecurityError');
    });
    expect(locked.load()).toBeNull();
    locked.save('a1.y');

    expect(browserIdentity(() => storage).load()).toBe('a1.x');
    expect(locked.load()).toBe('a1.y');
  });
});

describe('a token', () => {
  test('is asked for before each connection, which waits for it', async () => {
    let asked = 0;
    const client = started({ getToken: () => Promise.resolve(`t${++asked}`) });
    expect([client.state.kind, server.connections.length]).toEqual(['connecting', 0]);

    await settle();
    server.last.accept().say(welcome(0)).close(1006);
    clock.advance(500);
    await settle();
    server.last.accept();

    expect(server.connections.map((connection) => connection.of('join')[0]?.token)).toEqual(['t1', 't2']);
  });

  test('that is none lets its person in without one', async () => {
    started({ getToken: () => Promise.resolve(null), token: 'old' });
    await settle();
    server.last.accept();

    expect(server.last.of('join')[0]?.token).toBeUndefined();
  });

  test.each([
    ['fails', () => Promise.reject(new Error('503'))],
    ['does not come', () => new Promise<string>(() => undefined)],
  ])('that %s is asked for again later', async (_, first) => {
    let asked = 0;
    const client = started({ getToken: () => (++asked === 1 ? first() : Promise.resolve('t')) });
    await settle();
    clock.advance(10_000);
    await settle();

    if (client.state.kind === 'waiting') {
      clock.advance(500);
      await settle();
    }
    server.last.accept().say(welcome(0));

    expect(asked).toBe(2);
    expect(trouble).toHaveLength(1);
    expect(server.connections.map((connection) => connection.of('join')[0]?.token)).toEqual(['t']);
    expect(client.state.kind).toBe('live');
  });

  test('that comes after the person has left is for nobody', async () => {
    let give: (token: string) => void = () => undefined;
    const client = started({ getToken: () => new Promise((resolve) => (give = resolve)) });
    client.stop();

    give('t');
    await settle();

    expect(server.connections).toEqual([]);
  });

  test('that is about to end is refreshed, and the new one is what it comes back with', async () => {
    let asked = 0;
    started({ getToken: () => Promise.resolve(`t${++asked}`) });
    await settle();
    server.last.accept().say(welcome(0), { type: 'token_expiring', within: 60_000 });
    await settle();

    expect(server.last.of('refresh')).toEqual([{ type: 'refresh', token: 't2' }]);
    expect(trouble).toEqual([]);
  });

  test('that cannot be refreshed goes on until it has ended', async () => {
    let asked = 0;
    const client = started({ getToken: () => (++asked === 2 ? Promise.reject(new Error('503')) : Promise.resolve(`t${asked}`)) });
    await settle();
    server.last.accept().say(welcome(0), { type: 'token_expiring', within: 60_000 });
    await settle();
    expect([client.state.kind, server.last.of('refresh'), trouble.length]).toEqual(['live', [], 1]);

    server.last.close(4004);
    clock.advance(500);
    await settle();

    expect(server.last.accept().of('join')[0]?.token).toBe('t3');
  });

  test('that is not good is a reason not to come back, which its person is told', () => {
    const client = started({ token: 'bad' });
    server.last.accept().close(4003, "not admitted: the token's signature is wrong");
    clock.advance(60_000);

    expect(server.connections).toHaveLength(1);
    expect(client.state).toEqual({ kind: 'closed', code: 4003, reason: "You were not admitted to this room: the token's signature is wrong." });
  });

  test('that has ended, and that nobody can renew, is a reason not to come back', () => {
    const client = started({ token: 'old' });
    server.last.accept().say(welcome(0), { type: 'token_expiring', within: 1000 }).close(4004);
    clock.advance(60_000);

    expect(server.connections).toHaveLength(1);
    expect(client.state).toMatchObject({ kind: 'closed', code: 4004 });
    expect(server.last.of('refresh')).toEqual([]);
  });
});
