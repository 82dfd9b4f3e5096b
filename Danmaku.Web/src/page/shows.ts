import type { Scene } from './scene';

/** Decides what moves on the stage: nothing in a hidden tab or for people who asked for less motion. */
export class Shows {
  private readonly still = matchMedia('(prefers-reduced-motion: reduce)');
  private wanted = true;
  private hasVideo = false;
  private running: boolean | null = null;

  constructor(
    private readonly scene: Scene,
    private readonly setDanmaku: (running: boolean) => void,
  ) {
    this.still.addEventListener('change', () => this.apply());
    document.addEventListener('visibilitychange', () => this.apply());
    this.apply();
  }

  bindToggle(button: HTMLButtonElement): void {
    button.addEventListener('click', () => {
      this.wanted = !this.wanted;
      button.setAttribute('aria-pressed', String(this.wanted));
      this.apply();
    });
  }

  bindFullscreen(button: HTMLButtonElement, stage: HTMLElement): void {
    button.hidden = !document.fullscreenEnabled;
    button.addEventListener('click', () => {
      void (document.fullscreenElement ? document.exitFullscreen() : stage.requestFullscreen());
    });
  }

  setVideo(hasVideo: boolean): void {
    this.hasVideo = hasVideo;
    this.apply();
  }

  private apply(): void {
    const awake = !document.hidden && !this.still.matches;
    if (awake && !this.hasVideo) {
      this.scene.start();
    } else {
      this.scene.stop();
      this.scene.draw(0);
    }
    const running = awake && this.wanted;
    if (running !== this.running) {
      this.running = running;
      this.setDanmaku(running);
    }
  }
}
