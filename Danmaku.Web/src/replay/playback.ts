import type { Clock } from '../client/clock';
import { paceOf } from '../overlay/media';
import type { PacedMedia } from '../overlay/media';

/** Something that plays: a video, or the time alone. Positions are in milliseconds. */
export interface Playback {
  readonly position: number;
  readonly playing: boolean;
  /** How fast it goes on at this moment: 0 while it does not, though it may be playing and wait for data. */
  readonly pace: number;
  /** 0 while it is not known. */
  readonly length: number;
  play(): void;
  pause(): void;
  seek(position: number): void;
  setRate(rate: number): void;
}

/** Time without a video. Stops at its end. */
export class TimePlayback implements Playback {
  length = 0;
  private base = 0;
  private since: number | null = null;
  private rate = 1;

  constructor(private readonly clock: Clock) {}

  get position(): number {
    const elapsed = this.since === null ? 0 : (this.clock.now() - this.since) * this.rate;
    return Math.min(this.base + elapsed, this.length);
  }

  get playing(): boolean {
    return this.since !== null && this.position < this.length;
  }

  get pace(): number {
    return this.playing ? this.rate : 0;
  }

  play(): void {
    this.base = this.position >= this.length ? 0 : this.position;
    this.since = this.clock.now();
  }

  pause(): void {
    this.base = this.position;
    this.since = null;
  }

  seek(position: number): void {
    const playing = this.playing;
    this.base = Math.max(0, Math.min(position, this.length));
    this.since = playing ? this.clock.now() : null;
  }

  setRate(rate: number): void {
    this.seek(this.position);
    this.rate = rate;
  }
}

/** What of a video element is needed. */
export type Media = PacedMedia & Pick<HTMLVideoElement, 'currentTime' | 'duration' | 'playbackRate' | 'pause'> & { play(): Promise<void> };

/** A video, which people may also move by its own controls. */
export class VideoPlayback implements Playback {
  constructor(private readonly media: Media) {}

  get position(): number {
    return this.media.currentTime * 1000;
  }

  get playing(): boolean {
    return !this.media.paused;
  }

  get pace(): number {
    return paceOf(this.media);
  }

  get length(): number {
    return Number.isFinite(this.media.duration) ? this.media.duration * 1000 : 0;
  }

  play(): void {
    // Refused when the browser wants a click first; the video's own controls are there for that.
    this.media.play().catch(() => undefined);
  }

  pause(): void {
    this.media.pause();
  }

  seek(position: number): void {
    this.media.currentTime = Math.max(0, position) / 1000;
  }

  setRate(rate: number): void {
    this.media.playbackRate = rate;
  }
}
