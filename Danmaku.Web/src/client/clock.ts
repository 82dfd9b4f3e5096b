/** Time comes in through this interface, so that tests can hold it still. */
export interface Clock {
  /** Milliseconds since 1970, never running backwards. Stands still while the machine sleeps, but not in every browser. */
  now(): number;
  /** What the machine says the time is, in milliseconds since 1970. Goes on in sleep, and may be set. */
  wall(): number;
  /** Runs something once, later; calling what is returned forgets it. */
  after(milliseconds: number, run: () => void): Cancel;
}

export type Cancel = () => void;

export const systemClock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  wall: () => Date.now(),
  after(milliseconds, run) {
    const timer = setTimeout(run, milliseconds);
    return () => clearTimeout(timer);
  },
};
