import type { Scene } from './scene';

export interface ShowsEvents {
  readonly danmaku: (running: boolean) => void;
  /** Whether danmaku stand still, since the person has asked for less motion. Told at the beginning, and when it changes. */
  readonly still: (still: boolean) => void;
}

/** Decides what is shown and moves: nothing in a hidden tab; for people who asked for less motion danmaku stand, and the scene does. */
export class Shows {
  private readonly still = matchMedia('(prefers-reduced-motion: reduce)');
  private wanted = true;
  private hasVideo = false;
  private running: boolean | null = null;

  constructor(
    private readonly scene: Scene,
    private readonly on: ShowsEvents,
  ) {
    this.still.addEventListener('change', () => {
      this.apply();
      this.on.still(this.still.matches);
    });
    document.addEventListener('visibilitychange', () => this.apply());
    this.apply();
    this.on.still(this.still.matches);
  }

  bindToggle(button: HTMLButtonElement): void {
    button.addEventListener('click', () => {
      this.wanted = !this.wanted;
      button.setAttribute('aria-pressed', String(this.wanted));
      this.apply();
    });
  }

  setVideo(hasVideo: boolean): void {
    this.hasVideo = hasVideo;
    this.apply();
  }

  private apply(): void {
    if (!document.hidden && !this.still.matches && !this.hasVideo) {
      this.scene.start();
    } else {
      this.scene.stop();
      this.scene.draw(0);
    }
    const running = !document.hidden && this.wanted;
    if (running !== this.running) {
      this.running = running;
      this.on.danmaku(running);
    }
  }
}
