import './styles.css';

import { systemClock } from './client/clock';
import { DanmakuClient } from './client/connection';
import { browserIdentity } from './client/identity';
import type { Draft } from './client/messages';
import type { PostOutcome } from './client/posts';
import { DanmakuOverlay } from './overlay/danmakuoverlay';
import { Composer } from './page/composer';
import { element } from './page/elements';
import { Feed } from './page/feed';
import { FullScreen } from './page/fullscreen';
import { Log } from './page/log';
import { Moderation } from './page/moderation';
import { explain } from './page/refusal';
import { Replay } from './page/replay';
import { isReplay, otherSide, roomFrom, socketUrl } from './page/room';
import { Scene } from './page/scene';
import { Shows } from './page/shows';
import { Status } from './page/status';
import { Toast } from './page/toast';
import { LocalVideo } from './page/video';
import { RoomHistory } from './replay/history';

const clock = systemClock;
const room = roomFrom(location.search, location.hash);
const toast = new Toast(element('toast', HTMLElement), clock);
const log = new Log(element('log', HTMLElement), element('newest', HTMLButtonElement));
const overlay = new DanmakuOverlay(element('overlay', HTMLElement));
const stage = element('stage', HTMLElement);
const status = new Status(
  {
    state: element('state', HTMLElement),
    stateText: element('state-text', HTMLElement),
    detail: element('state-detail', HTMLElement),
    retry: element('retry', HTMLButtonElement),
    viewers: element('viewers', HTMLElement),
    edge: element('edge', HTMLElement),
  },
  clock,
);

const toggle = element('toggle', HTMLButtonElement);
const shows = new Shows(new Scene(element('scene', HTMLCanvasElement)), {
  danmaku: (running) => overlay.setRunning(running),
  still: (still) => {
    toggle.title = still ? 'Danmaku on or off. They stand still: your system asks for less motion' : 'Flying danmaku on or off';
    if (still) {
      toast.show('Danmaku stand still here: your system asks for less motion.');
    }
  },
});
shows.bindToggle(toggle);
new FullScreen({
  stage,
  video: element('video', HTMLVideoElement),
  toggle: element('fullscreen', HTMLButtonElement),
  leave: element('leave-fullscreen', HTMLButtonElement),
});
const video = new LocalVideo(
  {
    stage,
    video: element('video', HTMLVideoElement),
    file: element('file', HTMLInputElement),
    close: element('close-video', HTMLButtonElement),
  },
  () => toast.show('This browser cannot play that file.'),
  (playing) => {
    shows.setVideo(playing);
    replay?.setVideo(playing);
  },
);

/** While somebody has stopped the video, the picture stays as it is; what others say meanwhile is in the list. */
const feed = new Feed((flight) => {
  if (flight.own || !video.paused) {
    overlay.show(flight);
  }
});

let replay: Replay | null = null;

// The address bar is how a room is changed.
addEventListener('hashchange', () => location.reload());

if (room === null) {
  element('room', HTMLElement).textContent = '?';
  refuse('This is not the name of a room: use a–z, 0–9, _ and -.', 'Go to the lobby', '/');
} else {
  element('room', HTMLElement).textContent = room;
  document.title = `${room} · 弹幕`;
  element('other-side', HTMLAnchorElement).href = otherSide(location.search, location.hash);
  if (isReplay(location.search)) {
    replay = lookBack(room);
    void replay.start();
  } else {
    enter(room);
  }
}

/** The room's past. Nothing is connected, so that whatever is between here and the origin may have kept it. */
function lookBack(name: string): Replay {
  const form = element('player', HTMLFormElement);
  document.body.classList.add('replaying');
  element('composer', HTMLFormElement).hidden = true;
  form.hidden = false;
  element('controls', HTMLElement).append(element('tools', HTMLElement));
  element('other-side-text', HTMLElement).textContent = 'Live';
  element('side-title', HTMLElement).textContent = 'Said by then';
  status.showReplay();
  return new Replay(
    {
      form,
      play: element('play', HTMLButtonElement),
      seek: element('seek', HTMLInputElement),
      crowd: element('crowd', HTMLCanvasElement),
      position: element('position', HTMLElement),
      length: element('length', HTMLElement),
      rate: element('rate', HTMLSelectElement),
      stretch: element('stretch', HTMLSelectElement),
      video: element('video', HTMLVideoElement),
    },
    {
      history: new RoomHistory(name),
      overlay,
      log,
      clock,
      tell: (text) => toast.show(text),
      refuse: (text) => {
        for (const id of ['play', 'seek', 'stretch', 'rate']) {
          element(id, HTMLElement).toggleAttribute('disabled', true);
        }
        showNotice(text, 'Watch what is said now', otherSide(location.search, location.hash));
      },
      isLoading: (part) => form.style.setProperty('--loaded', String(part)),
    },
  );
}

function enter(name: string): void {
  overlay.follow(() => video.pace);
  const query = new URLSearchParams(location.search);
  const [visitor, token] = [query.get('name')?.trim(), query.get('token')];
  const client = new DanmakuClient({
    url: socketUrl(location, name),
    ...(visitor ? { name: visitor } : {}),
    ...(token ? { token } : {}),
    identity: browserIdentity(),
  });
  sayThrough(client);
  showWhatComes(client);
  moderate(client);
  wakeInTime(client);
  client.start();
}

function sayThrough(client: DanmakuClient): void {
  const composer = new Composer(
    {
      form: element('composer', HTMLFormElement),
      text: element('post-text', HTMLInputElement),
      counter: element('counter', HTMLElement),
      swatches: element('swatches', HTMLElement),
      color: element('post-color', HTMLInputElement),
      mode: element('post-mode', HTMLSelectElement),
      size: element('post-size', HTMLSelectElement),
    },
    (draft) => {
      const at = video.position;
      const said = at === null ? draft : { ...draft, at };
      void client.post(said).then((outcome) => answered(composer, said, outcome));
    },
  );
}

function showWhatComes(client: DanmakuClient): void {
  client.on('state', (state) => {
    status.show(state);
    if (state.kind === 'closed') {
      refuse(state.reason);
    }
  });
  client.on('welcome', (welcome) => {
    status.showEdge(welcome.node);
    element('me', HTMLElement).textContent = welcome.name;
    feed.welcomed(welcome.head);
  });
  client.on('viewers', (count) => status.showViewers(count));
  client.on('latency', (milliseconds) => status.showLatency(milliseconds));
  client.on('comments', (comments) => {
    log.add(comments);
    feed.add(comments);
  });
  client.on('ack', (ack) => {
    log.markOwn(ack.position, ack.durable);
    overlay.markOwn(ack.position);
  });
  client.on('lost', () => {
    // Something that was taken back may be among it.
    log.clear();
    overlay.clear();
    log.note('Some remarks could not be recovered');
    toast.show('Some remarks could not be recovered');
  });
  client.on('skipped', ({ count }) => {
    log.note(`${count} skipped`);
    toast.show(`+${count} skipped`);
  });
  client.on('trouble', (text) => console.warn(text));
}

/** What moderators take back goes from the page; whoever is one gets a menu beside each line. */
function moderate(client: DanmakuClient): void {
  const moderation = new Moderation(
    {
      menu: element('actions', HTMLElement),
      one: element('recall-one', HTMLButtonElement),
      person: element('recall-person', HTMLButtonElement),
      all: element('recall-all', HTMLButtonElement),
    },
    (order) => client.recall(order),
    (text) => toast.show(text),
  );
  client.on('welcome', (welcome) => {
    log.actions = Moderation.isFor(welcome.role) ? (comment, opener) => moderation.open(comment, opener) : null;
  });
  client.on('recalled', (recalled) => {
    log.recall(recalled);
    overlay.recall(recalled);
  });
}

/** Connects again when somebody asks for it, or the page or the network is back. */
function wakeInTime(client: DanmakuClient): void {
  element('retry', HTMLButtonElement).addEventListener('click', () => client.wake());
  addEventListener('online', () => client.wake());
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) {
      client.wake();
    }
  });
}

function answered(composer: Composer, draft: Draft, outcome: PostOutcome): void {
  const text = explain(outcome);
  if (text !== null) {
    toast.show(composer.giveBack(draft.text) ? text : `${text} (“${draft.text}”)`);
  }
}

function showNotice(text: string, way: string, href: string): void {
  const link = element('notice-link', HTMLAnchorElement);
  [link.textContent, link.href] = [way, href];
  element('notice-text', HTMLElement).textContent = text;
  element('notice', HTMLElement).hidden = false;
}

/** Nothing more will happen here until the person does something. */
function refuse(reason: string, way = 'Try again', href = ''): void {
  status.show({ kind: 'closed', code: 1000, reason });
  toast.hide();
  element('composer', HTMLFormElement).inert = true;
  showNotice(reason, way, href);
}
