import type { Cancel } from '../client/clock';

/** Runs something before the next picture; calling what is returned forgets it. */
export type Frames = (run: () => void) => Cancel;

export const nextFrame: Frames = (run) => {
  const frame = requestAnimationFrame(run);
  return () => cancelAnimationFrame(frame);
};
