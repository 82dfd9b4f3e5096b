/** Time comes in through this interface, so that tests can hold it still. */
export interface Clock {
  /** Milliseconds since 1970, never running backwards. */
  now(): number;
  /** Runs something once, later; calling what is returned forgets it. */
  after(milliseconds: number, run: () => void): Cancel;
}

export type Cancel = () => void;

export const systemClock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  after(milliseconds, run) {
    const timer = setTimeout(run, milliseconds);
    return () => clearTimeout(timer);
  },
};
