/** How long to wait before trying again: full jitter, so that viewers cut off together do not come back together. */
export class Backoff {
  private failures = 0;

  constructor(
    private readonly random: () => number,
    private readonly firstMilliseconds = 500,
    private readonly maxMilliseconds = 30_000,
  ) {}

  /** Anything between nothing and a limit that doubles with each call. The first wait is random too. */
  next(): number {
    const limit = Math.min(this.maxMilliseconds, this.firstMilliseconds * 2 ** this.failures);
    this.failures = Math.min(this.failures + 1, 30);
    return this.random() * limit;
  }

  /** For a server that asks us to come back and has chosen the moment: the first time at once, then like `next`. */
  nextAsked(): number {
    const isFirst = this.failures === 0;
    const wait = this.next();
    return isFirst ? 0 : wait;
  }

  reset(): void {
    this.failures = 0;
  }
}
