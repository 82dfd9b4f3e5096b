/** Everything that client and edge say to each other in `danmaku.v1.json` (docs/protocol.md, section 4). */

export const SUBPROTOCOL = 'danmaku.v1.json';

/** A place in a room's order. Positions are ordered by epoch, then offset. */
export interface Position {
  readonly epoch: number;
  readonly offset: number;
}

export const MODES = ['scroll', 'top', 'bottom', 'reverse'] as const;
export type Mode = (typeof MODES)[number];

export const SIZES = ['small', 'medium', 'large'] as const;
export type Size = (typeof SIZES)[number];

/** What somebody is in a room; `viewer` is never sent. */
export const ROLES = ['viewer', 'trusted', 'moderator', 'host'] as const;
export type Role = (typeof ROLES)[number];

/** What a moderator takes back: one danmaku, all of one person since a time, or everything; only what was said before it. */
export type Recall =
  | { readonly epoch: number; readonly offset: number }
  | { readonly user: string; readonly since: number }
  | { readonly all: true };

/**
 * An entry of a room's log as the server sends it: what is left out has its default (`scroll`, `#ffffff`, `medium`). One with an empty text shows nothing: it
 * is a recall, or stands where a recalled danmaku was.
 */
export interface Comment {
  /** Unix milliseconds by the room's clock. */
  readonly time: number;
  readonly name: string;
  readonly text: string;
  readonly mode?: Mode;
  /** `#rrggbb`, lower case. */
  readonly color?: string;
  readonly size?: Size;
  /** Media time in milliseconds. */
  readonly at?: number;
  /** The person who said it: the same for one person in the whole deployment. */
  readonly user?: string;
  /** What that person is in the room; the server's word alone. */
  readonly role?: Role;
  readonly recall?: Recall;
}

/** What somebody wants to say. */
export interface Draft {
  readonly text: string;
  readonly mode?: Mode;
  readonly color?: string;
  readonly size?: Size;
  readonly at?: number;
}

export interface Join {
  readonly type: 'join';
  readonly position?: Position;
  readonly history?: number;
  readonly name?: string;
  readonly token?: string;
  /** What the server gave us to keep, so that it knows us again. */
  readonly identity?: string;
}

/** A new token, before the one that we came with ends. */
export interface Refresh {
  readonly type: 'refresh';
  readonly token: string;
}

export interface Post extends Draft {
  readonly type: 'post';
  /** 32 lower-case hexadecimal digits, kept when the post is sent again. */
  readonly id: string;
  /** It was sent before, and nobody knows what became of it: it may have been accepted. */
  readonly again?: true;
}

/** What a moderator wants to take back: one danmaku, all that a person has said within so many milliseconds, or everything. */
export type RecallOrder = { readonly position: Position } | { readonly user: string; readonly within: number } | { readonly all: true };

export type RecallRequest = RecallOrder & {
  readonly type: 'recall';
  /** As that of a post. */
  readonly id: string;
  readonly again?: true;
};

export interface ClientClock {
  readonly type: 'clock';
  readonly client: number;
}

export type ClientMessage = Join | Refresh | Post | RecallRequest | ClientClock;

export interface Welcome {
  readonly type: 'welcome';
  readonly room: string;
  readonly node: string;
  readonly name: string;
  readonly position: Position;
  /** The room's newest position: batches up to here are history, what follows is live. */
  readonly head: Position;
  readonly lost: boolean;
  readonly viewers: number;
  readonly heartbeat: number;
  /** To keep, and to bring along the next time. */
  readonly identity?: string;
  /** Who we are, as others see it. */
  readonly user?: string;
  /** What we are in this room; missing for a viewer. */
  readonly role?: Role;
}

export interface Batch {
  readonly type: 'batch';
  readonly epoch: number;
  readonly offset: number;
  readonly comments: readonly Comment[];
  readonly previous?: Position | null;
}

export interface Ack {
  readonly type: 'ack';
  readonly id: string;
  readonly position: Position;
  readonly durable: boolean;
}

export interface Reject {
  readonly type: 'reject';
  readonly id?: string;
  readonly reason: string;
  /** Milliseconds. */
  readonly retryAfter?: number;
  readonly message: string;
}

export interface Unknown {
  readonly type: 'unknown';
  readonly id: string;
}

export interface Viewers {
  readonly type: 'viewers';
  readonly count: number;
}

export interface Skipped {
  readonly type: 'skipped';
  readonly epoch: number;
  readonly from: number;
  readonly through: number;
  readonly count: number;
  /** What was taken back by entries among them. */
  readonly recalls?: readonly Recall[];
}

export interface Lost {
  readonly type: 'lost';
  readonly position: Position;
}

/** Please come back elsewhere, at once. */
export interface Move {
  readonly type: 'move';
  /** Where: a WebSocket's address. */
  readonly to?: string;
}

export interface ServerClock {
  readonly type: 'clock';
  readonly client: number;
  readonly server: number;
}

/** The token that we came with ends: a new one is wanted within so many milliseconds. */
export interface TokenExpiring {
  readonly type: 'token_expiring';
  readonly within: number;
}

export interface ServerError {
  readonly type: 'error';
  readonly reason: string;
  readonly message: string;
}

export type ServerMessage =
  | Welcome
  | Batch
  | Ack
  | Reject
  | Unknown
  | Viewers
  | Skipped
  | Lost
  | Move
  | ServerClock
  | TokenExpiring
  | ServerError;

/** A segment as the index of a room's history names it (docs/history.md). */
export interface SegmentEntry {
  readonly epoch: number;
  /** Offsets of its first and last danmaku. */
  readonly first: number;
  readonly last: number;
  /** Their times, Unix milliseconds. */
  readonly from: number;
  readonly to: number;
  /** Its content will never change. */
  readonly sealed: boolean;
  /** A path. */
  readonly url: string;
}

export interface HistoryIndex {
  /** Oldest first. */
  readonly segments: readonly SegmentEntry[];
  /** Where the segments before these are named. */
  readonly earlier?: string;
}
