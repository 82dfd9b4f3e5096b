import { readIndex, readSegment } from '../client/codec';
import type { Comment, HistoryIndex, Position, SegmentEntry } from '../client/messages';

/** A danmaku of the past, with its place. */
export interface PastComment extends Comment {
  readonly position: Position;
}

/** What was asked for, or why it is not there. `gone` is what a purge leaves behind: the index names another address. */
export type Answer<T> = { readonly kind: 'found'; readonly value: T } | { readonly kind: 'gone' } | { readonly kind: 'failed' };

/** A room's history over HTTP. Nothing here throws; what may be kept, the browser and every cache on the way keep. */
export class RoomHistory {
  constructor(
    private readonly room: string,
    private readonly get: (url: string) => Promise<Response> = (url) => fetch(url),
  ) {}

  index(): Promise<Answer<HistoryIndex>> {
    return this.read(`/api/rooms/${this.room}/history`, readIndex);
  }

  segment(entry: SegmentEntry): Promise<Answer<readonly PastComment[]>> {
    return this.read(entry.url, (value) => {
      const batch = readSegment(value);
      return batch?.comments.map((comment, i) => ({ ...comment, position: { epoch: batch.epoch, offset: batch.offset + i } })) ?? null;
    });
  }

  private async read<T>(url: string, read: (value: unknown) => T | null): Promise<Answer<T>> {
    // An index says where its segments are, but it does not send anybody to other servers.
    if (!url.startsWith(`/api/rooms/${this.room}/history`)) {
      return { kind: 'failed' };
    }
    try {
      const response = await this.get(url);
      if (!response.ok) {
        return { kind: response.status === 404 ? 'gone' : 'failed' };
      }
      const value = read(await response.json());
      return value === null ? { kind: 'failed' } : { kind: 'found', value };
    } catch {
      return { kind: 'failed' };
    }
  }
}
