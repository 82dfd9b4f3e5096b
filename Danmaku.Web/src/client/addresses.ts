/** Where to connect: the address that we were given, and the one to which a server has sent us. */
export class Addresses {
  private elsewhere: string | null = null;
  private isHome = true;

  constructor(private readonly home: string) {}

  get current(): string {
    return this.isHome || this.elsewhere === null ? this.home : this.elsewhere;
  }

  /** A server sends us away. Without an address, or with one of no use, we go back to our own. */
  moveTo(to: string | undefined): void {
    this.elsewhere = to === undefined ? null : webSocketAddress(to, this.home);
    this.isHome = this.elsewhere === null;
  }

  /** Nobody let us in there: the other one is next. */
  failed(): void {
    this.isHome = !this.isHome;
  }
}

const SCHEMES = new Map([
  ['ws:', 'ws:'],
  ['wss:', 'wss:'],
  ['http:', 'ws:'],
  ['https:', 'wss:'],
]);

/** A WebSocket's address; null for what is none, and for one that would take us from an encrypted connection to an open one. */
export function webSocketAddress(to: string, from: string): string | null {
  const url = parse(to);
  const scheme = SCHEMES.get(url?.protocol ?? '');
  if (url === null || scheme === undefined || (isEncrypted(from) && scheme !== 'wss:')) {
    return null;
  }
  url.protocol = scheme;
  url.hash = '';
  return url.href;
}

function isEncrypted(address: string): boolean {
  return /^(wss|https):/i.test(address);
}

function parse(text: string): URL | null {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}
