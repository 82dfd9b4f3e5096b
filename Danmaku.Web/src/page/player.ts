import type { Playback } from '../replay/playback';
import type { Timeline } from '../replay/timeline';

export interface PlayerElements {
  readonly form: HTMLFormElement;
  readonly play: HTMLButtonElement;
  readonly seek: HTMLInputElement;
  /** How much is said when. */
  readonly crowd: HTMLCanvasElement;
  readonly position: HTMLElement;
  readonly length: HTMLElement;
  readonly rate: HTMLSelectElement;
}

/** Bars of the picture that shows how much is said when. */
const BARS = 160;

/** After the last danmaku there is time to see it cross the stage. */
const TAIL = 9000;

/** The bar below the stage of a replay: play, seek, how fast, and where the crowd was. */
export class Player {
  private timeline: Timeline | null = null;
  private heights: readonly number[] = [];
  private drawn = '';

  constructor(
    private readonly at: PlayerElements,
    private playback: Playback,
  ) {
    at.form.addEventListener('submit', (event) => event.preventDefault());
    at.play.addEventListener('click', () => this.toggle());
    at.seek.addEventListener('input', () => this.playback.seek(Number(at.seek.value)));
    at.rate.addEventListener('change', () => this.playback.setRate(Number(at.rate.value)));
  }

  /** Where a replay ends without a video. */
  static lengthOf(timeline: Timeline): number {
    return timeline.end + TAIL;
  }

  setPlayback(playback: Playback): void {
    this.playback.pause();
    this.playback = playback;
    playback.setRate(Number(this.at.rate.value));
    this.heights = [];
  }

  setTimeline(timeline: Timeline): void {
    this.timeline = timeline;
    this.heights = [];
  }

  /** Shows where it is. */
  update(): void {
    const { position, playing } = this.playback;
    const length = this.playback.length || (this.timeline === null ? 0 : Player.lengthOf(this.timeline));
    this.at.play.setAttribute('aria-pressed', String(playing));
    this.at.play.setAttribute('aria-label', playing ? 'Pause' : 'Play');
    if (this.at.seek.max !== String(Math.round(length))) {
      this.at.seek.max = String(Math.round(length));
      this.heights = [];
    }
    this.at.seek.value = String(Math.round(position));
    this.at.seek.setAttribute('aria-valuetext', time(position));
    this.at.position.textContent = time(position);
    this.at.length.textContent = time(length);
    this.draw(position, length);
  }

  private toggle(): void {
    if (this.playback.playing) {
      this.playback.pause();
    } else {
      this.playback.play();
    }
    this.update();
  }

  private draw(position: number, length: number): void {
    const { crowd } = this.at;
    const ratio = Math.min(2, devicePixelRatio || 1);
    const [width, height] = [Math.round(crowd.clientWidth * ratio), Math.round(crowd.clientHeight * ratio)];
    const passed = length > 0 ? position / length : 0;
    const key = `${width}/${height}/${Math.round(passed * width)}/${this.timeline?.count}`;
    const context = crowd.getContext('2d');
    if (context === null || this.timeline === null || width === 0 || (key === this.drawn && this.heights.length > 0)) {
      return;
    }
    if (this.heights.length === 0) {
      this.heights = smooth(this.timeline.density(BARS, length));
    }
    this.drawn = key;
    [crowd.width, crowd.height] = [width, height];
    const style = getComputedStyle(crowd);
    const shape = hill(this.heights, width, height);
    context.fillStyle = style.getPropertyValue('--crowd');
    context.fill(shape);
    context.save();
    context.beginPath();
    context.rect(0, 0, passed * width, height);
    context.clip();
    context.fillStyle = style.getPropertyValue('--crowd-passed');
    context.fill(shape);
    context.restore();
  }
}

/** Hours only when there are some. */
export function time(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (part: number) => String(part).padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** From 0 to 1, without teeth. */
function smooth(counts: readonly number[]): readonly number[] {
  const near = counts.map((_, i) => [0.1, 0.2, 0.4, 0.2, 0.1].reduce((sum, weight, j) => sum + weight * (counts[i + j - 2] ?? 0), 0));
  const most = Math.max(...near, 0);
  return near.map((count) => (most === 0 ? 0 : Math.sqrt(count / most)));
}

function hill(heights: readonly number[], width: number, height: number): Path2D {
  const path = new Path2D();
  const step = width / (heights.length - 1);
  const y = (i: number) => height - (heights[i] ?? 0) * (height - 1);
  path.moveTo(0, height);
  path.lineTo(0, y(0));
  for (let i = 1; i < heights.length; i++) {
    const middle = (i - 0.5) * step;
    path.bezierCurveTo(middle, y(i - 1), middle, y(i), i * step, y(i));
  }
  path.lineTo(width, height);
  path.closePath();
  return path;
}
