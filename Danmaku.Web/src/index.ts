/**
 * The client library of Danmaku: for pages that bring their own looks.
 *
 *     const client = new DanmakuClient({ url: 'wss://example.org/ws/lobby' });
 *     const overlay = new DanmakuOverlay(document.querySelector('#overlay'));
 *     client.on('comments', (comments) => comments.forEach((comment) => overlay.show({ ...LOOKS, ...comment })));
 *     client.start();
 *     const outcome = await client.post({ text: '弹幕!', mode: 'top' });
 *
 * where LOOKS are the defaults of what a danmaku leaves out. The overlay needs the rules under "Danmaku" in styles.css. Over a
 * video, overlay.follow(() => paceOf(video)) lets danmaku stop and go with it.
 */

export { DanmakuClient } from './client/connection';
export type { ClientEvents, ClientOptions, ConnectionState, ReceivedComment } from './client/events';
export { browserIdentity } from './client/identity';
export type { IdentityStore } from './client/identity';
export { readIndex, readSegment } from './client/codec';
export { MODES, ROLES, SIZES, SUBPROTOCOL } from './client/messages';
export type { Ack, Comment, Draft, HistoryIndex, Mode, Position, Recall, RecallOrder, Role, SegmentEntry, Size, Skipped, Welcome } from './client/messages';
export type { PostOutcome } from './client/posts';
export { isRecalled } from './client/recalls';
export type { Recalled } from './client/recalls';
export { checkText, countChars, cutText, MAX_TEXT_CHARS, MAX_TEXT_POINTS, usedChars } from './client/text';
export type { CheckedText, TextProblem } from './client/text';
export { DanmakuOverlay } from './overlay/danmakuoverlay';
export { paceOf } from './overlay/media';
export type { Flight, Overlay } from './overlay/overlay';
export type { Pace } from './overlay/stagetime';
export { Follower } from './replay/follower';
export { RoomHistory } from './replay/history';
export { Timeline } from './replay/timeline';
