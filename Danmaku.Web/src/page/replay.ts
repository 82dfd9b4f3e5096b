import type { Cancel, Clock } from '../client/clock';
import type { Overlay } from '../overlay/overlay';
import { Follower } from '../replay/follower';
import type { RoomHistory } from '../replay/history';
import { loadStretch } from '../replay/load';
import { TimePlayback, VideoPlayback } from '../replay/playback';
import type { Playback } from '../replay/playback';
import { stretchesOf } from '../replay/stretches';
import type { Stretch } from '../replay/stretches';
import { Timeline } from '../replay/timeline';
import type { Moment } from '../replay/timeline';
import { flightOf } from './feed';
import type { Log } from './log';
import { Player } from './player';
import type { PlayerElements } from './player';

/** How often it is looked whose moment has come. */
const LOOK_EVERY = 50;

/** Without a video it begins so shortly before the first danmaku. */
const RUN_UP = 1500;

export interface ReplayElements extends PlayerElements {
  readonly stretch: HTMLSelectElement;
  readonly video: HTMLVideoElement;
}

export interface ReplayDependencies {
  readonly history: RoomHistory;
  readonly overlay: Overlay;
  readonly log: Log;
  readonly clock: Clock;
  /** Some of it is not there; for people. */
  readonly tell: (text: string) => void;
  /** None of it is there; for people. */
  readonly refuse: (text: string) => void;
  readonly isLoading: (part: number) => void;
}

/** A room's past, in time with the video that is open, or with nothing but the time. */
export class Replay {
  private readonly time: TimePlayback;
  private readonly player: Player;
  private playback: Playback;
  private follower: Follower | null = null;
  private stretches: readonly Stretch[] = [];
  private cancel: Cancel | null = null;
  private chosen = 0;

  constructor(
    private readonly at: ReplayElements,
    private readonly its: ReplayDependencies,
  ) {
    this.time = new TimePlayback(its.clock);
    this.playback = this.time;
    this.player = new Player(at, this.playback);
    its.overlay.follow(() => this.playback.pace);
    at.seek.addEventListener('input', () => this.follower?.jump());
    at.video.addEventListener('seeking', () => this.follower?.jump());
    at.stretch.addEventListener('change', () => void this.choose(this.stretches[Number(at.stretch.value)]));
  }

  async start(): Promise<void> {
    const index = await this.its.history.index();
    if (index.kind === 'found') {
      this.stretches = [...stretchesOf(index.value.segments)].reverse();
    }
    if (this.stretches.length === 0) {
      this.its.refuse(index.kind === 'failed' ? 'The history of this room cannot be had at the moment.' : 'Nothing has been said in this room yet.');
      return;
    }
    this.at.stretch.replaceChildren(...this.stretches.map(option));
    await this.choose(this.stretches[0]);
  }

  /** @param hasVideo Whether the video element has one now. */
  setVideo(hasVideo: boolean): void {
    this.playback = hasVideo ? new VideoPlayback(this.at.video) : this.time;
    this.player.setPlayback(this.playback);
  }

  private async choose(stretch: Stretch | undefined): Promise<void> {
    if (stretch === undefined) {
      return;
    }
    const choice = ++this.chosen;
    this.cancel?.();
    const { comments, missing } = await loadStretch(this.its.history, stretch, (part) => this.its.isLoading(part));
    if (choice !== this.chosen) {
      return;
    }
    this.its.isLoading(1);
    if (missing > 0) {
      this.its.tell('Some of it cannot be had at the moment.');
    }
    const timeline = new Timeline(stretch.from);
    timeline.add(comments);
    this.follower = new Follower(timeline, { show: (moments) => this.show(moments), moved: (before) => this.moved(before) });
    this.time.length = Player.lengthOf(timeline);
    this.player.setTimeline(timeline);
    if (this.playback === this.time) {
      this.time.seek(timeline.start - RUN_UP);
      this.time.play();
    }
    this.look();
  }

  private look(): void {
    this.follower?.at(this.playback.position);
    this.player.update();
    this.cancel = this.its.clock.after(LOOK_EVERY, () => this.look());
  }

  private show(moments: readonly Moment[]): void {
    const comments = moments.map(({ comment }) => ({ ...comment, own: false, age: 0 }));
    this.its.log.add(comments);
    for (const comment of comments) {
      this.its.overlay.show(flightOf(comment));
    }
  }

  private moved(before: readonly Moment[]): void {
    this.its.overlay.clear();
    this.its.log.clear();
    this.its.log.add(before.map(({ comment }) => ({ ...comment, own: false, age: 0 })));
  }
}

function option(stretch: Stretch, i: number): HTMLOptionElement {
  const made = document.createElement('option');
  const day = new Date(stretch.from).toLocaleString(undefined, { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' });
  made.value = String(i);
  made.textContent = `${day} · ${stretch.count.toLocaleString('en')} 弹幕`;
  return made;
}
