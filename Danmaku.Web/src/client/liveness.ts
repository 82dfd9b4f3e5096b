import type { Cancel, Clock } from './clock';

/** A page cannot see Pings, so it asks for the time. Also keeps the way there open for proxies that count idle time. */
export const ASK_EVERY = 8000;

/** How soon an answer must come when somebody suspects that the connection is dead. */
export const SUSPECT_AFTER = 3000;

/** How long a first answer may take: an edge that cannot reach the room's origin yet has other worries. */
export const FIRST_WITHIN = 30_000;

/** Finds out that a connection is dead: a question was asked and nothing at all has been heard since. */
export class Liveness {
  private cancel: Cancel = () => undefined;
  private running = false;
  private waiting = false;

  constructor(
    private readonly clock: Clock,
    private readonly on: { ask(): void; dead(): void },
  ) {}

  start(answerWithin: number): void {
    this.running = true;
    this.askAgainAfter(answerWithin);
  }

  /** Something arrived, whatever it was. */
  heard(): void {
    this.waiting = false;
  }

  /** Ask now, and be impatient about the answer. Does nothing while there is nobody to ask. */
  check(): void {
    if (this.running) {
      this.askAgainAfter(SUSPECT_AFTER);
    }
  }

  stop(): void {
    this.running = false;
    this.cancel();
  }

  private askAgainAfter(milliseconds: number): void {
    this.cancel();
    this.waiting = true;
    this.on.ask();
    this.cancel = this.clock.after(milliseconds, () => {
      if (this.waiting) {
        this.on.dead();
      } else {
        this.askAgainAfter(ASK_EVERY);
      }
    });
  }
}
