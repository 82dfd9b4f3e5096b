/** What may be said (docs/protocol.md, section 6). The server decides; this only spares people the way there. */

import { clean } from './cleaning';
import { countGraphemes, graphemes } from './graphemes';
import { traitsOf } from './unicode';

/** Most characters of a text, as people count them: extended grapheme clusters (UAX #29). */
export const MAX_TEXT_CHARS = 100;

/** Most Unicode code points of a text. */
export const MAX_TEXT_POINTS = 4 * MAX_TEXT_CHARS;

/** UTF-16 units of a text that are read at all: what is longer is too long, whatever would be taken out of it. */
const MAX_UNITS = 40 * MAX_TEXT_CHARS;

export type TextProblem = 'text_empty' | 'text_too_long' | 'text_invalid';

/** A text as it is shown, or why it would be refused. */
export type CheckedText = { readonly text: string; readonly problem?: never } | { readonly problem: TextProblem };

/** Characters as people count them. */
export function countChars(text: string): number {
  return countGraphemes(text);
}

/** How much of `MAX_TEXT_CHARS` a text takes: its characters, or a quarter of its code points where that is more. */
export function usedChars(text: string): number {
  return Math.max(countChars(text), Math.ceil(([...text].length * MAX_TEXT_CHARS) / MAX_TEXT_POINTS));
}

/** Checks and cleans a text: without white space at its ends, and without characters that show and mean nothing. */
export function checkText(written: string): CheckedText {
  const trimmed = trim(written);
  if (trimmed.length > MAX_UNITS) {
    return { problem: 'text_too_long' };
  }
  const cleaned = clean(trimmed);
  if (cleaned === null) {
    return { problem: 'text_invalid' };
  }
  if (!cleaned.isVisible) {
    return { problem: 'text_empty' };
  }
  const text = trim(cleaned.text);
  return usedChars(text) > MAX_TEXT_CHARS ? { problem: 'text_too_long' } : { text };
}

/** A text as it would be shown were it short enough; as it is where it must not be shown, and empty where nothing in it can be seen. */
export function tidyText(written: string): string {
  const cleaned = clean(trim(written));
  return cleaned === null ? written : cleaned.isVisible ? trim(cleaned.text) : '';
}

/** The longest beginning of a text that is not too long and ends with a whole character. */
export function cutText(text: string): string {
  let [end, chars, points] = [0, 0, 0];
  for (const character of graphemes(text)) {
    chars++;
    points += [...character].length;
    if (chars > MAX_TEXT_CHARS || points > MAX_TEXT_POINTS) {
      break;
    }
    end += character.length;
  }
  return text.slice(0, end);
}

/** Without white space at both ends, by the table: `String.trim` takes U+FEFF for such, and leaves U+0085. */
function trim(text: string): string {
  const isWhite = (i: number) => traitsOf(text.charCodeAt(i)).isWhite;
  let [start, end] = [0, text.length];
  while (start < end && isWhite(start)) {
    start++;
  }
  while (end > start && isWhite(end - 1)) {
    end--;
  }
  return text.slice(start, end);
}
