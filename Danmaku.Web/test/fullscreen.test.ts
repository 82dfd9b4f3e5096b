// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { FullScreen } from '../src/page/fullscreen';

/** happy-dom has no full screen: this is one, and what a browser allows of it. */
let full: Element | null;
let refuses: boolean;
let stage: HTMLElement;
let video: HTMLVideoElement;
let toggle: HTMLButtonElement;
let leave: HTMLButtonElement;

beforeEach(() => {
  [full, refuses] = [null, false];
  [stage, video, toggle, leave] = [document.createElement('div'), document.createElement('video'), document.createElement('button'), document.createElement('button')];
  Object.defineProperty(document, 'fullscreenElement', { configurable: true, get: () => full });
  document.exitFullscreen = () => change(null);
  stage.requestFullscreen = () => (refuses ? Promise.reject(new TypeError('needs a gesture')) : change(stage));
  leave.hidden = true;
  new FullScreen({ stage, video, toggle, leave });
});

afterEach(() => {
  vi.restoreAllMocks();
  Reflect.deleteProperty(navigator, 'userActivation');
});

function change(element: Element | null): Promise<void> {
  full = element;
  document.dispatchEvent(new Event('fullscreenchange'));
  return Promise.resolve();
}

/** The whole stage is what is seen, and there is a way back. */
const shown = () => ({ full: full === null ? null : full === stage, fills: stage.classList.contains('fills'), back: !leave.hidden });

describe('full screen', () => {
  test('shows the stage, and both buttons lead back', async () => {
    for (const button of [toggle, leave]) {
      toggle.click();
      await vi.waitFor(() => expect(shown()).toEqual({ full: true, fills: false, back: true }));

      button.click();
      await vi.waitFor(() => expect(shown()).toEqual({ full: null, fills: false, back: false }));
    }
  });

  test('by the button of a browser that shows only the video becomes that of the stage', async () => {
    await change(video);

    await vi.waitFor(() => expect(shown()).toEqual({ full: true, fills: false, back: true }));
  });

  test('by such a button becomes a stage that fills the window, where a page needs another click', async () => {
    refuses = true;

    await change(video);

    await vi.waitFor(() => expect(shown()).toEqual({ full: null, fills: true, back: true }));
    document.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape' }));
    expect(shown()).toEqual({ full: null, fills: false, back: false });
  });

  test('is not asked for after a click that counts no more', async () => {
    Object.defineProperty(navigator, 'userActivation', { configurable: true, value: { isActive: false } });
    const asked = vi.spyOn(stage, 'requestFullscreen');

    await change(video);

    await vi.waitFor(() => expect(shown()).toEqual({ full: null, fills: true, back: true }));
    expect(asked).not.toHaveBeenCalled();
  });

  test('on an iPhone is a stage that fills the window', async () => {
    Object.defineProperty(stage, 'requestFullscreen', { value: undefined });

    toggle.click();
    await vi.waitFor(() => expect(shown()).toEqual({ full: null, fills: true, back: true }));
    leave.click();
    await vi.waitFor(() => expect(shown()).toEqual({ full: null, fills: false, back: false }));
  });

  test("of an iPhone's own player is left for the stage", () => {
    const exit = vi.fn();
    Object.assign(video, { webkitExitFullscreen: exit });

    video.dispatchEvent(new Event('webkitbeginfullscreen'));

    expect(exit).toHaveBeenCalledOnce();
    expect(shown()).toEqual({ full: null, fills: true, back: true });
  });
});

test("a picture in picture, which has no danmaku, goes back to the stage", () => {
  const [exit, setMode] = [vi.fn(() => Promise.resolve()), vi.fn()];
  Object.defineProperty(document, 'pictureInPictureElement', { configurable: true, value: video });
  document.exitPictureInPicture = exit;

  video.dispatchEvent(new Event('enterpictureinpicture'));
  Object.defineProperty(document, 'pictureInPictureElement', { configurable: true, value: null });
  Object.assign(video, { webkitPresentationMode: 'picture-in-picture', webkitSetPresentationMode: setMode });
  video.dispatchEvent(new Event('webkitpresentationmodechanged'));

  expect(exit).toHaveBeenCalledOnce();
  expect(setMode).toHaveBeenCalledExactlyOnceWith('inline');
});
