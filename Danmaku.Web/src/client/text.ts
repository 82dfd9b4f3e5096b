/** What may be said (docs/protocol.md, section 6). The server decides; this only spares people the way there. */

export const MAX_TEXT_CHARS = 100;

/** Controls, line and paragraph separators, bidirectional embeddings, overrides and isolates. */
const FORBIDDEN = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

/** Half a surrogate pair; with the `u` flag only a lone one matches. */
const LONE_SURROGATE = /[\ud800-\udfff]/u;

export type TextProblem = 'text_empty' | 'text_too_long' | 'text_invalid';

/** Unicode code points, which is what the limit counts. */
export function countChars(text: string): number {
  let count = 0;
  for (const _ of text) {
    count++;
  }
  return count;
}

/** Why a text, trimmed already, would be refused; null if it would not. */
export function textProblem(text: string): TextProblem | null {
  if (text.trim() === '') {
    return 'text_empty';
  }
  if (FORBIDDEN.test(text) || LONE_SURROGATE.test(text)) {
    return 'text_invalid';
  }
  return countChars(text) > MAX_TEXT_CHARS ? 'text_too_long' : null;
}
