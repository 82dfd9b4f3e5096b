/** The room that this address means: `?room=`, else the hash, else `lobby`. Null if it cannot be the name of a room. */
export function roomFrom(search: string, hash: string): string | null {
  const given = new URLSearchParams(search).get('room') ?? decodeHash(hash);
  const room = given === '' ? 'lobby' : given.toLowerCase();
  return /^[a-z0-9_-]{1,64}$/.test(room) ? room : null;
}

/** Whether this address means the room's past, and not what is said now. */
export function isReplay(search: string): boolean {
  return new URLSearchParams(search).has('replay');
}

/** The address of the same room's past, or of what is said now. */
export function otherSide(search: string, hash: string): string {
  const query = new URLSearchParams(search);
  if (query.has('replay')) {
    query.delete('replay');
  } else {
    query.set('replay', '');
  }
  const text = query.toString().replace(/\breplay=(?=&|$)/, 'replay');
  return `/${text === '' ? '' : `?${text}`}${hash}`;
}

/** Where the edge that served this page takes viewers of a room. */
export function socketUrl(location: Pick<Location, 'protocol' | 'host'>, room: string): string {
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws/${room}`;
}

function decodeHash(hash: string): string {
  try {
    return decodeURIComponent(hash.replace(/^#\/?/, ''));
  } catch {
    return hash;
  }
}
