/** The room that this address means: `?room=`, else the hash, else `lobby`. Null if it cannot be the name of a room. */
export function roomFrom(search: string, hash: string): string | null {
  const given = new URLSearchParams(search).get('room') ?? decodeHash(hash);
  const room = given === '' ? 'lobby' : given.toLowerCase();
  return /^[a-z0-9_-]{1,64}$/.test(room) ? room : null;
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
