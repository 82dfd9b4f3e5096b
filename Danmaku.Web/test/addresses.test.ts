import { describe, expect, test } from 'vitest';

import { webSocketAddress } from '../src/client/addresses';

const OPEN = 'ws://a.test/ws/lobby';
const ENCRYPTED = 'wss://a.test/ws/lobby';

describe('webSocketAddress', () => {
  test.each([
    ['wss://b.test/ws/lobby', ENCRYPTED, 'wss://b.test/ws/lobby'],
    ['https://b.test/ws/lobby', ENCRYPTED, 'wss://b.test/ws/lobby'],
    ['http://b.test:8081/ws/lobby', OPEN, 'ws://b.test:8081/ws/lobby'],
    ['wss://b.test/deep/ws/lobby?a=1#top', OPEN, 'wss://b.test/deep/ws/lobby?a=1'],
  ])('takes %s', (to, from, address) => {
    expect(webSocketAddress(to, from)).toBe(address);
  });

  test.each([
    ['', OPEN],
    ['/ws/lobby', OPEN],
    ['//b.test/ws/lobby', OPEN],
    ['ftp://b.test/', OPEN],
    ['javascript:alert(1)', OPEN],
    ['ws://', OPEN],
    ['ws://b.test/ws/lobby', ENCRYPTED],
    ['http://b.test/ws/lobby', 'HTTPS://a.test/'],
  ])('refuses %j on a page at %s', (to, from) => {
    expect(webSocketAddress(to, from)).toBeNull();
  });
});
