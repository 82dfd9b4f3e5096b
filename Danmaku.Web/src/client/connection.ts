import { Addresses } from './addresses';
import { Backoff } from './backoff';
import { systemClock } from './clock';
import type { Cancel, Clock } from './clock';
import { ABNORMAL, finalReason, NO_ANSWER, TOKEN_EXPIRED } from './closing';
import { decode, encode } from './codec';
import { Emitter } from './emitter';
import type { ClientEvents, ClientOptions, ConnectionState } from './events';
import { ASK_EVERY, FIRST_WITHIN, Liveness } from './liveness';
import { SUBPROTOCOL } from './messages';
import type {
  Ack,
  ClientMessage,
  Draft,
  Join,
  Move,
  Position,
  RecallOrder,
  Reject,
  ServerClock,
  ServerMessage,
  TokenExpiring,
  Welcome,
} from './messages';
import { MAX_UNANSWERED, randomPostId, UnansweredPosts } from './posts';
import type { PostOutcome, Unsent } from './posts';
import { Reception } from './reception';
import { ServerTime } from './servertime';
import { checkText } from './text';
import { connectWebSocket } from './transport';
import type { Connect, Transport } from './transport';

/** A handshake that takes longer is given up. */
const CONNECT_TIMEOUT = 10_000;

/** Who gives a token, and takes longer, is asked again later. */
const TOKEN_TIMEOUT = 10_000;

/** A connection that was live this long was a good one: the next wait starts small again. */
const GOOD_AFTER = 10_000;

/** One viewer of one room: joins, comes back where it left, posts safely. Speaks docs/protocol.md, section 4 and 5. */
export class DanmakuClient {
  private readonly clock: Clock;
  private readonly random: () => number;
  private readonly connect: Connect;
  private readonly addresses: Addresses;
  private readonly backoff: Backoff;
  private readonly posts: UnansweredPosts;
  private readonly liveness: Liveness;
  private readonly events = new Emitter<ClientEvents>();
  private readonly serverTime: ServerTime;
  private readonly reception: Reception;
  private transport: Transport | null = null;
  private cancelWait: Cancel = () => undefined;
  private current: ConnectionState = { kind: 'closed', code: 1000, reason: 'Not started.' };
  private liveSince: number | null = null;
  private token: string | null;
  /** Counts what was begun and given up: what was asked for before does not matter any more. */
  private attempt = 0;

  constructor(private readonly options: ClientOptions) {
    this.token = options.token ?? null;
    this.clock = options.clock ?? systemClock;
    this.random = options.random ?? Math.random;
    this.connect = options.connect ?? connectWebSocket;
    this.serverTime = new ServerTime(this.clock);
    this.addresses = new Addresses(options.url);
    this.backoff = new Backoff(this.random);
    this.posts = new UnansweredPosts(this.clock, options.makeId ?? randomPostId);
    this.reception = new Reception(this.posts, this.serverTime, this.events);
    this.liveness = new Liveness(this.clock, {
      ask: () => this.send({ type: 'clock', client: this.clock.now() }),
      dead: () => this.giveUp('no answer'),
    });
  }

  get state(): ConnectionState {
    return this.current;
  }

  /** Where this viewer would resume. */
  get position(): Position | null {
    return this.reception.position;
  }

  on<Name extends keyof ClientEvents>(name: Name, listener: (value: ClientEvents[Name]) => void): () => void {
    return this.events.on(name, listener);
  }

  start(): void {
    if (this.current.kind === 'closed') {
      this.open();
    }
  }

  /** Leaves for good; unanswered posts stay without an answer. */
  stop(): void {
    this.drop('bye', 1000);
    this.finish(1000, 'You left.');
  }

  /** Something changed (network back, tab shown, a person asked): look at once instead of waiting. */
  wake(): void {
    if (this.current.kind === 'waiting') {
      this.cancelWait();
      this.open();
    } else {
      this.serverTime.hasJumped();
      this.liveness.check();
    }
  }

  /**
   * Says something. While the connection is away the post waits for it; it is sent again, with the same id, until it
   * is answered, so it is posted at most once.
   */
  post(draft: Draft): Promise<PostOutcome> {
    const checked = checkText(draft.text);
    if (checked.problem !== undefined) {
      return Promise.resolve({ kind: 'refused', reason: checked.problem, message: PROBLEMS[checked.problem] });
    }
    return this.sendUntilAnswered({ ...draft, type: 'post', text: checked.text });
  }

  /** Takes something back, for moderators. Safe as a post is; accepted when the server's store has erased it. */
  recall(order: RecallOrder): Promise<PostOutcome> {
    return this.sendUntilAnswered({ ...order, type: 'recall' });
  }

  private sendUntilAnswered(message: Unsent): Promise<PostOutcome> {
    if (this.current.kind === 'closed') {
      return Promise.resolve({ kind: 'refused', reason: 'closed', message: this.current.reason });
    }
    if (this.posts.size >= MAX_UNANSWERED) {
      const text = 'Too many remarks are still on their way.';
      return Promise.resolve({ kind: 'refused', reason: 'too_many_unanswered', message: text });
    }
    return new Promise((resolve) => {
      const sent = this.posts.add(message, resolve);
      if (this.current.kind === 'live') {
        this.send(this.posts.outgoing(sent));
      }
    });
  }

  private open(): void {
    this.cancelWait();
    this.change({ kind: 'connecting' });
    const { getToken } = this.options;
    if (getToken === undefined) {
      return this.dial();
    }
    // Before the connection and not after: a server waits for the join for some seconds only.
    this.cancelWait = this.clock.after(TOKEN_TIMEOUT, () => this.noToken('no token in time'));
    this.askToken(getToken, (token) => {
      this.token = token;
      this.dial();
    });
  }

  /** Nothing comes of it when this attempt has been given up meanwhile. */
  private askToken(getToken: () => Promise<string | null>, use: (token: string | null) => void): void {
    const attempt = ++this.attempt;
    getToken().then(
      (token) => attempt === this.attempt && use(token),
      (error: unknown) => attempt === this.attempt && this.noToken(String(error)),
    );
  }

  /** On the way in there is another try later; who is in goes on, and hears it when the token ends. */
  private noToken(why: string): void {
    this.events.emit('trouble', `no token: ${why}`);
    if (this.current.kind === 'connecting' && this.transport === null) {
      this.cleanUp();
      this.openAfter(this.backoff.next());
    }
  }

  private dial(): void {
    this.cancelWait();
    this.serverTime.startAnew();
    const transport = this.connect(this.addresses.current, SUBPROTOCOL, {
      opened: () => this.join(),
      received: (text) => this.receive(text),
      closed: (code, reason) => this.ended(code, reason),
    });
    this.transport = transport;
    this.cancelWait = this.clock.after(CONNECT_TIMEOUT, () => this.giveUp('no handshake'));
  }

  private join(): void {
    this.cancelWait();
    const { history, name } = this.options;
    const [position, token, identity] = [this.reception.position, this.token, this.options.identity?.load() ?? null];
    const join: Join = {
      type: 'join',
      ...(position === null ? {} : { position }),
      ...(history === undefined ? {} : { history }),
      ...(name === undefined ? {} : { name }),
      ...(token === null ? {} : { token }),
      ...(identity === null ? {} : { identity }),
    };
    this.send(join);
    // The first answer also tells the server's time before the history comes, so that old danmaku are known as old.
    this.liveness.start(FIRST_WITHIN);
  }

  private receive(text: string): void {
    this.liveness.heard();
    if (this.serverTime.hasJumped()) {
      this.liveness.check();
    }
    const decoded = decode(text);
    switch (decoded.kind) {
      case 'message':
        return this.handle(decoded.message);
      case 'garbage':
        return this.events.emit('trouble', decoded.why);
      case 'ignored':
        return;
    }
  }

  private handle(message: ServerMessage): void {
    switch (message.type) {
      case 'welcome':
        return this.onWelcome(message);
      case 'batch':
        return this.reception.onBatch(message);
      case 'lost':
        this.reception.advance(message);
        return;
      case 'skipped':
        return this.reception.onSkipped(message);
      case 'ack':
        return this.onAck(message);
      case 'reject':
        if (message.id === undefined) {
          return this.events.emit('trouble', message.message);
        }
        return this.onReject(message, message.id);
      case 'unknown':
        return this.onUnknown(message.id);
      case 'viewers':
        return this.events.emit('viewers', message.count);
      case 'move':
        return this.onMove(message);
      case 'clock':
        return this.onClock(message);
      case 'token_expiring':
        return this.onTokenExpiring(message);
      case 'error':
        return this.events.emit('trouble', message.message);
    }
  }

  private onWelcome(welcome: Welcome): void {
    if (welcome.identity !== undefined) {
      this.options.identity?.save(welcome.identity);
    }
    this.liveSince = this.clock.now();
    this.liveness.start(ASK_EVERY);
    this.change({ kind: 'live' });
    this.events.emit('welcome', welcome);
    this.events.emit('viewers', welcome.viewers);
    this.reception.onWelcome(welcome);
    for (const post of this.posts.all) {
      this.send(this.posts.outgoing(post));
    }
  }

  private onAck(ack: Ack): void {
    // The second ack, when the store has caught up, finds nothing to settle: the danmaku is known as our own by then.
    if (this.posts.settle(ack.id, { kind: 'accepted', position: ack.position, durable: ack.durable })) {
      this.reception.remember(ack.position);
    }
    this.events.emit('ack', ack);
  }

  private onReject({ reason, message, retryAfter }: Reject, id: string): void {
    this.posts.settle(id, { kind: 'refused', reason, message, ...(retryAfter === undefined ? {} : { retryAfter }) });
  }

  private onUnknown(id: string): void {
    const wait = (tries: number) => this.random() * Math.min(8000, 500 * 2 ** tries);
    this.posts.resendLater(id, wait, (post) => this.send(this.posts.outgoing(post)));
  }

  private onTokenExpiring(_: TokenExpiring): void {
    const { getToken } = this.options;
    if (getToken === undefined) {
      return;
    }
    this.askToken(getToken, (token) => {
      if (token !== null) {
        this.token = token;
        this.send({ type: 'refresh', token });
      }
    });
  }

  private onClock(answer: ServerClock): void {
    const roundTrip = this.serverTime.answered(answer.client, answer.server);
    if (roundTrip !== null) {
      this.events.emit('latency', roundTrip);
    }
  }

  /** The edge is about to stop. Nothing follows but its Close frame, for which there is no need to wait. */
  private onMove(move: Move): void {
    this.drop('moving', 1000);
    this.cleanUp();
    this.addresses.moveTo(move.to);
    this.forgive();
    const wait = this.backoff.nextAsked();
    if (wait === 0) {
      this.open();
    } else {
      this.openAfter(wait);
    }
  }

  private giveUp(reason: string): void {
    this.drop(reason, NO_ANSWER);
    this.ended(ABNORMAL, '');
  }

  private drop(reason: string, code: number): void {
    this.transport?.close(code, reason);
  }

  private ended(code: number, reason: string): void {
    this.cleanUp();
    const final = code === TOKEN_EXPIRED && this.options.getToken === undefined ? 'Your sign-in has ended.' : finalReason(code, reason);
    if (final !== null) {
      return this.finish(code, final);
    }
    if (this.liveSince === null) {
      this.addresses.failed();
    }
    this.forgive();
    this.openAfter(this.backoff.next());
  }

  /** After a good connection the waits are short again. */
  private forgive(): void {
    if (this.liveSince !== null && this.clock.now() - this.liveSince >= GOOD_AFTER) {
      this.backoff.reset();
    }
    this.liveSince = null;
  }

  private openAfter(wait: number): void {
    this.cancelWait = this.clock.after(wait, () => this.open());
    this.change({ kind: 'waiting', until: this.clock.now() + wait });
  }

  private finish(code: number, reason: string): void {
    this.cleanUp();
    this.liveSince = null;
    this.change({ kind: 'closed', code, reason });
    this.posts.settleAll({ kind: 'unanswered' });
  }

  private cleanUp(): void {
    this.transport = null;
    this.attempt++;
    this.cancelWait();
    this.liveness.stop();
    this.posts.forgetResends();
  }

  private send(message: ClientMessage): void {
    this.transport?.send(encode(message));
  }

  private change(state: ConnectionState): void {
    this.current = state;
    this.events.emit('state', state);
  }
}

const PROBLEMS = {
  text_empty: 'There is nothing to say yet.',
  text_too_long: 'This is too long for a danmaku.',
  text_invalid: 'This contains a character that cannot be shown.',
} as const;
