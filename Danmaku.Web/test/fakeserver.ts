import type { ClientMessage, Comment, Position, ServerMessage } from '../src/client/messages';
import type { Connect, TransportHandlers } from '../src/client/transport';

/** One connection as the server sees it. */
export class FakeConnection {
  readonly received: ClientMessage[] = [];
  closedByClient: { readonly code: number; readonly reason: string } | null = null;

  constructor(
    readonly url: string,
    readonly subprotocol: string,
    private readonly handlers: TransportHandlers,
  ) {}

  accept(): this {
    this.handlers.opened();
    return this;
  }

  say(...messages: readonly ServerMessage[]): this {
    for (const message of messages) {
      this.sayText(JSON.stringify(message));
    }
    return this;
  }

  sayText(text: string): this {
    if (this.closedByClient === null) {
      this.handlers.received(text);
    }
    return this;
  }

  close(code: number, reason = ''): void {
    if (this.closedByClient === null) {
      this.handlers.closed(code, reason);
    }
  }

  hear(message: ClientMessage): void {
    this.received.push(message);
  }

  of<Type extends ClientMessage['type']>(type: Type): Extract<ClientMessage, { type: Type }>[] {
    return this.received.filter((message): message is Extract<ClientMessage, { type: Type }> => message.type === type);
  }
}

/** Does nothing by itself: a test is its script. */
export class FakeServer {
  readonly connections: FakeConnection[] = [];

  readonly connect: Connect = (url, subprotocol, handlers) => {
    const connection = new FakeConnection(url, subprotocol, handlers);
    this.connections.push(connection);
    return {
      send: (text) => connection.hear(JSON.parse(text) as ClientMessage),
      close: (code, reason) => {
        connection.closedByClient = { code, reason };
      },
    };
  };

  get last(): FakeConnection {
    const last = this.connections.at(-1);
    if (last === undefined) {
      throw new Error('Nobody has connected.');
    }
    return last;
  }
}

export const EPOCH = 1_790_000_000_000;

export function at(offset: number, epoch = EPOCH): Position {
  return { epoch, offset };
}

export function welcome(offset: number, more: Partial<Extract<ServerMessage, { type: 'welcome' }>> = {}): ServerMessage {
  return { type: 'welcome', room: 'lobby', node: 'edge-1', name: 'Mei', position: at(offset), head: at(offset), lost: false, viewers: 1, heartbeat: 7000, ...more };
}

export function batch(offset: number, ...texts: readonly string[]): Extract<ServerMessage, { type: 'batch' }> {
  return { type: 'batch', epoch: EPOCH, offset, comments: texts.map((text) => comment(text)) };
}

export function comment(text: string, more: Partial<Comment> = {}): Comment {
  return { time: 1_790_000_000_000, name: 'Kai', text, ...more };
}
