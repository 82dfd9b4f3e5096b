import type { PostOutcome } from '../client/posts';

/** What to tell somebody whose danmaku did not make it; null if it did. */
export function explain(outcome: PostOutcome): string | null {
  switch (outcome.kind) {
    case 'accepted':
      return null;
    case 'unanswered':
      return 'Nobody answered, so this may not have been posted';
    case 'refused': {
      const message = outcome.message.replace(/\.$/, '');
      return outcome.retryAfter === undefined ? message : `${message} – try again in ${seconds(outcome.retryAfter)} s`;
    }
  }
}

/** Rounded up, so that trying again then succeeds: tenths below ten seconds, whole ones above. */
function seconds(milliseconds: number): string {
  const tenths = Math.ceil(milliseconds / 100);
  return tenths < 100 ? (tenths / 10).toFixed(1) : String(Math.ceil(tenths / 10));
}
