import { BREAK, NO_TRAITS, traitsOf } from './unicode';
import type { Traits } from './unicode';

/** Most marks of one base, and joiners and selectors with them; docs/protocol.md, section 6, says why. */
const MAX_MARKS = 8;

const BLACK_FLAG = 0x1f3f4;

/** England, Scotland and Wales: the flags of regions that Unicode recommends (UTS #51, RGI_Emoji_Tag_Sequence). */
const FLAG_TAGS = ['gbeng', 'gbsct', 'gbwls'].map((region) => Array.from(`${region}\x7f`, (letter) => 0xe0000 + (letter.codePointAt(0) ?? 0)));

export interface Cleaned {
  readonly text: string;

  /** Whether anything in it can be seen. */
  readonly isVisible: boolean;
}

/**
 * Removes characters that show nothing and mean nothing at their place in a text, as the server does. Null when it must not be shown at
 * all: it has a control, a separator or half a surrogate pair.
 */
export function clean(text: string): Cleaned | null {
  const points = Array.from(text, (character) => character.codePointAt(0) ?? 0).map((point) => (point === 0x09 ? 0x20 : point));
  if (points.some(isForbidden)) {
    return null;
  }
  const cleaner = new Cleaner();
  for (let i = 0; i < points.length; ) {
    i += cleaner.take(points, i);
  }
  return cleaner;
}

/** Controls, line and paragraph separators, halves of surrogate pairs. */
function isForbidden(point: number): boolean {
  return point < 0x20 || (point >= 0x7f && point <= 0x9f) || point === 0x2028 || point === 0x2029 || (point >= 0xd800 && point <= 0xdfff);
}

class Cleaner implements Cleaned {
  text = '';
  isVisible = false;
  private marks = 0;
  private last = 0;
  private lastTraits = NO_TRAITS;

  /** The last one that is no mark and not hidden. */
  private base = NO_TRAITS;

  /** Appends what may stay of what begins at `i`, and says how many code points that were. */
  take(points: readonly number[], i: number): number {
    const point = points[i] ?? 0;
    const traits = traitsOf(point);
    const next = traitsOf(points[i + 1] ?? 0);
    if (!traits.isIgnorable) {
      this.appendSeen(point, traits);
      return 1;
    }
    const flag = this.last === BLACK_FLAG ? FLAG_TAGS.find((tags) => tags.every((tag, k) => points[i + k] === tag)) : undefined;
    if (flag !== undefined) {
      flag.forEach((tag) => this.append(tag, traitsOf(tag)));
      return flag.length;
    }
    if (this.isMeaningful(point, next) && this.marks++ < MAX_MARKS) {
      this.append(point, traits);
    }
    return 1;
  }

  private appendSeen(point: number, traits: Traits): void {
    if (traits.isMark) {
      if (this.marks++ >= MAX_MARKS) {
        return;
      }
    } else if (traits.isWhite && this.text === '') {
      return;
    } else {
      this.marks = 0;
      this.base = traits;
    }
    this.isVisible ||= !traits.isBlank;
    this.append(point, traits);
  }

  private append(point: number, traits: Traits): void {
    this.text += String.fromCodePoint(point);
    this.last = point;
    this.lastTraits = traits;
  }

  /** Whether a character that shows nothing by itself has a meaning at this place. */
  private isMeaningful(point: number, next: Traits): boolean {
    const { base, lastTraits } = this;
    switch (point) {
      case 0x200c:
      case 0x200d:
        if (this.last === 0x200c || this.last === 0x200d) {
          return false;
        }
        return (
          (point === 0x200d && base.isPictographic && next.isPictographic) ||
          base.joins ||
          ((this.text === '' || lastTraits.isWhite) && next.joins)
        );

      // Selectors of emoji and text style.
      case 0xfe0e:
      case 0xfe0f:
        return lastTraits.variesAsEmoji;

      // The separator of a Mongolian word's last vowel; what keeps two Hebrew marks in their order.
      case 0x180e:
        return base.joins && this.last !== 0x180e && next.joins;
      case 0x034f:
        return lastTraits.isMark && !lastTraits.isIgnorable;

      // The fillers of half a syllable of Hangul.
      case 0x115f:
        return next.break === BREAK.V && !next.isIgnorable;
      case 0x1160:
        return lastTraits.break === BREAK.L && !lastTraits.isIgnorable;

      // The marks that put Hebrew's and Arabic's punctuation where it belongs.
      case 0x200e:
      case 0x200f:
      case 0x061c:
        return this.last !== 0x200e && this.last !== 0x200f && this.last !== 0x061c;
    }

    return this.selects(point);
  }

  /** Whether a selector of ideographs, or of standardized variants, stands behind what it selects. */
  private selects(point: number): boolean {
    const { lastTraits } = this;
    if (point >= 0xe0100 && point <= 0xe01ef) {
      return lastTraits.isIdeograph;
    }
    const selects = (point >= 0xfe00 && point <= 0xfe0d) || (point >= 0x180b && point <= 0x180d) || point === 0x180f;
    return selects && (lastTraits.varies || lastTraits.isIdeograph);
  }
}
