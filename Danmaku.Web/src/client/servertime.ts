/** Samples kept: about a minute's worth, so that a clock that was set right is believed soon. */
const MAX_SAMPLES = 8;

/** Estimates the server's time from answers to `clock`: the sample that travelled least errs least. */
export class ServerTime {
  private samples: { readonly offset: number; readonly roundTrip: number }[] = [];

  sample(sent: number, server: number, received: number): void {
    const roundTrip = Math.max(0, received - sent);
    this.samples.push({ offset: server - (sent + received) / 2, roundTrip });
    if (this.samples.length > MAX_SAMPLES) {
      this.samples.shift();
    }
  }

  /** The server's clock minus ours, in milliseconds; 0 until something is known. */
  get offset(): number {
    let best = this.samples[0];
    for (const sample of this.samples) {
      if (best === undefined || sample.roundTrip <= best.roundTrip) {
        best = sample;
      }
    }
    return best?.offset ?? 0;
  }
}
