import { paceOf } from '../overlay/media';

export interface VideoElements {
  readonly stage: HTMLElement;
  readonly video: HTMLVideoElement;
  readonly file: HTMLInputElement;
  readonly close: HTMLButtonElement;
}

/** A video from the viewer's own disk takes the place of the scene. It never leaves the browser. */
export class LocalVideo {
  private url: string | null = null;

  constructor(
    private readonly at: VideoElements,
    private readonly onFailed: () => void,
    private readonly onChanged: (playing: boolean) => void,
  ) {
    at.file.addEventListener('change', () => this.open(at.file.files?.[0]));
    at.close.addEventListener('click', () => this.close());
    at.video.addEventListener('error', () => this.fail());
  }

  /** Where it is, in milliseconds; null while none is open. */
  get position(): number | null {
    return this.url === null ? null : Math.round(this.at.video.currentTime * 1000);
  }

  /** How fast it goes on at this moment. Without one, and after its end, time goes on as usual. */
  get pace(): number {
    return this.url === null || this.at.video.ended ? 1 : paceOf(this.at.video);
  }

  /** Whether somebody has stopped it. */
  get paused(): boolean {
    return this.url !== null && this.at.video.paused && !this.at.video.ended;
  }

  private open(file: File | undefined): void {
    if (file === undefined) {
      return;
    }
    this.forget();
    this.url = URL.createObjectURL(file);
    this.at.video.src = this.url;
    this.show(true);
    // Refused when the browser wants a click first; the video's own controls are there for that.
    this.at.video.play().catch(() => undefined);
  }

  private close(): void {
    this.forget();
    this.at.file.value = '';
    this.show(false);
  }

  private fail(): void {
    if (this.url !== null) {
      this.close();
      this.onFailed();
    }
  }

  private forget(): void {
    if (this.url !== null) {
      URL.revokeObjectURL(this.url);
      this.url = null;
      this.at.video.removeAttribute('src');
      this.at.video.load();
    }
  }

  private show(playing: boolean): void {
    this.at.stage.classList.toggle('has-video', playing);
    this.at.video.hidden = !playing;
    this.at.close.hidden = !playing;
    this.onChanged(playing);
  }
}
