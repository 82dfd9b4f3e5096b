/** What iPhones have instead of a full screen for every element. */
interface AppleVideo extends HTMLVideoElement {
  webkitExitFullscreen?(): void;
  webkitSetPresentationMode?(mode: 'inline'): void;
  readonly webkitPresentationMode?: string;
}

export interface FullScreenElements {
  readonly stage: HTMLElement;
  readonly video: HTMLVideoElement;
  /** Below the stage. */
  readonly toggle: HTMLButtonElement;
  /** On the stage, for where there is nothing else. */
  readonly leave: HTMLButtonElement;
}

/**
 * The stage in full screen, with its danmaku. A browser's own player shows the video alone: the video has no buttons for
 * it where a page can take them away, and whoever gets there in another way is brought to the stage. Where a browser
 * shows no page in full screen, as on an iPhone, the stage fills the window.
 */
export class FullScreen {
  constructor(private readonly at: FullScreenElements) {
    at.toggle.addEventListener('click', () => void this.toggle());
    at.leave.addEventListener('click', () => void this.leave());
    document.addEventListener('fullscreenchange', () => void this.changed());
    document.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') {
        this.fill(false);
      }
    });
    at.video.addEventListener('webkitbeginfullscreen', () => this.takeBackFromPhone());
    at.video.addEventListener('webkitpresentationmodechanged', () => this.takeBackFromPicture());
    at.video.addEventListener('enterpictureinpicture', () => this.takeBackFromPicture());
  }

  private get isFull(): boolean {
    return document.fullscreenElement === this.at.stage || this.at.stage.classList.contains('fills');
  }

  private toggle(): Promise<void> {
    return this.isFull ? this.leave() : this.enter();
  }

  private async enter(): Promise<void> {
    // The click that brought somebody into the video's full screen may count no more: then a browser refuses, and complains.
    if (!(navigator.userActivation?.isActive ?? true)) {
      this.fill(true);
      return;
    }
    try {
      await this.at.stage.requestFullscreen();
    } catch {
      // There is no such method, or it needs another click.
      this.fill(true);
    }
  }

  private async leave(): Promise<void> {
    this.fill(false);
    if (document.fullscreenElement !== null) {
      await document.exitFullscreen();
    }
  }

  private async changed(): Promise<void> {
    if (document.fullscreenElement === this.at.video) {
      await document.exitFullscreen();
      await this.enter();
    } else {
      this.show();
    }
  }

  private takeBackFromPhone(): void {
    (this.at.video as AppleVideo).webkitExitFullscreen?.();
    this.fill(true);
  }

  private takeBackFromPicture(): void {
    const video: AppleVideo = this.at.video;
    if (document.pictureInPictureElement === video) {
      // Refused if it is over already.
      document.exitPictureInPicture().catch(() => undefined);
    } else if (video.webkitPresentationMode === 'picture-in-picture') {
      video.webkitSetPresentationMode?.('inline');
    }
  }

  private fill(fills: boolean): void {
    this.at.stage.classList.toggle('fills', fills);
    this.show();
  }

  private show(): void {
    this.at.leave.hidden = !this.isFull;
    this.at.toggle.setAttribute('aria-pressed', String(this.isFull));
  }
}
