/** What of a video or a sound is needed to go at its pace. */
export type PacedMedia = Pick<HTMLMediaElement, 'paused' | 'ended' | 'seeking' | 'readyState' | 'playbackRate'>;

/** HTMLMediaElement.HAVE_FUTURE_DATA: below it, the media waits for its data and stands still (HTML, "ready states"). */
const HAVE_FUTURE_DATA = 3;

/** The pace of a media element: its rate while it plays, and 0 while it is paused, waits for data, seeks or is over. */
export function paceOf(media: PacedMedia): number {
  const plays = !media.paused && !media.ended && !media.seeking && media.readyState >= HAVE_FUTURE_DATA;
  return plays ? Math.max(0, media.playbackRate) : 0;
}
