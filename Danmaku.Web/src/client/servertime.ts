import type { Clock } from './clock';

/** Samples kept: about a minute's worth, so that a clock that was set right is believed soon. */
const MAX_SAMPLES = 8;

/** A browser's two clocks that come apart by more than this, in milliseconds: one stood still, or the other was set. */
const MAX_JUMP = 1000;

/** Two samples that contradict each other by no more than this, in milliseconds, are of the same clocks. */
const TOLERANCE = 50;

interface Sample {
  readonly offset: number;
  readonly roundTrip: number;
}

/**
 * Estimates the server's time from answers to `clock`: the sample that travelled least errs least. What was measured
 * before the page's clock stood still counts no more, be it for a laptop's sleep or for a time that somebody has set.
 */
export class ServerTime {
  private samples: Sample[] = [];
  private apart: number;
  private validFrom: number;
  private inDoubt = false;

  constructor(private readonly clock: Clock) {
    this.apart = clock.wall() - clock.now();
    this.validFrom = clock.now();
  }

  /** Another connection: whatever has happened meanwhile, everything is measured anew. */
  startAnew(): void {
    this.forget();
    this.inDoubt = false;
  }

  /** Whether our clock has stood still or was set since the last look. If so, somebody has to ask anew. */
  hasJumped(): boolean {
    const apart = this.clock.wall() - this.clock.now();
    const jumped = Math.abs(apart - this.apart) > MAX_JUMP;
    this.apart = apart;
    if (jumped) {
      this.forget();
      this.inDoubt = true;
    }
    return jumped;
  }

  /** @param sent Our time when the question was sent. @returns The round trip, or null if the answer says nothing any more. */
  answered(sent: number, server: number): number | null {
    const received = this.clock.now();
    if (sent < this.validFrom) {
      return null;
    }
    const roundTrip = Math.max(0, received - sent);
    const sample = { offset: server - (sent + received) / 2, roundTrip };
    this.samples = [...this.samples.filter((other) => agree(sample, other)), sample].slice(-MAX_SAMPLES);
    this.inDoubt = false;
    return roundTrip;
  }

  /** How long ago a moment of the server's was, in milliseconds. Null while nothing is known, Infinity after a jump. */
  age(time: number): number | null {
    const offset = this.offset();
    return offset !== null ? Math.max(0, this.clock.now() + offset - time) : this.inDoubt ? Infinity : null;
  }

  private offset(): number | null {
    let best = this.samples[0];
    for (const sample of this.samples) {
      if (best === undefined || sample.roundTrip <= best.roundTrip) {
        best = sample;
      }
    }
    return best?.offset ?? null;
  }

  private forget(): void {
    this.samples = [];
    this.validFrom = this.clock.now();
  }
}

/** The true offset is within half a round trip of what was measured, of both if the clocks went evenly in between. */
function agree(one: Sample, other: Sample): boolean {
  return Math.abs(one.offset - other.offset) <= (one.roundTrip + other.roundTrip) / 2 + TOLERANCE;
}
