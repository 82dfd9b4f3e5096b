import type { Clock } from './clock';
import type { Ack, Comment, Position, Skipped, Welcome } from './messages';
import type { IdentityStore } from './identity';
import type { Recalled } from './recalls';
import type { Connect } from './transport';

export type ConnectionState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  /** Trying again at `until`, by the client's clock. */
  | { readonly kind: 'waiting'; readonly until: number }
  /** Not coming back by itself; `reason` is for people. */
  | { readonly kind: 'closed'; readonly code: number; readonly reason: string };

/**
 * A danmaku with its place, whether we said it, and how long ago it was said by the server's clock, in milliseconds:
 * Infinity where that is not known, such as right after a laptop's sleep.
 */
export interface ReceivedComment extends Comment {
  readonly position: Position;
  readonly own: boolean;
  readonly age: number;
}

export interface ClientEvents {
  state: ConnectionState;
  welcome: Welcome;
  /** Only what can be shown. */
  comments: readonly ReceivedComment[];
  /** An own post has its position; its danmaku may have come already. Twice if it was not durable at first. */
  ack: Ack;
  viewers: number;
  /** Round trip in milliseconds. */
  latency: number;
  /** Moderators have taken something back. */
  recalled: readonly Recalled[];
  /** Something before the next danmaku is missing for good, perhaps also a recall: what is shown is to be removed. */
  lost: Position;
  skipped: Skipped;
  /** The server and we misunderstood each other; for developers. */
  trouble: string;
}

export interface ClientOptions {
  /** Such as `wss://example.org/ws/lobby`. */
  readonly url: string;
  /** How many of the newest danmaku to get on arrival. */
  readonly history?: number;
  readonly name?: string;
  readonly token?: string;
  /**
   * Gives a token that is good now, or null for none. Asked before each join, and when the one that was given is about to end; when it fails, the client
   * tries again later.
   */
  readonly getToken?: () => Promise<string | null>;
  /** Where an identity is kept that the server gives to people without a token; without it nobody knows them again. */
  readonly identity?: IdentityStore;
  readonly connect?: Connect;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly makeId?: () => string;
}
