import { CLASSES, LETTERS, RUNS } from './unicodetable';

/** Grapheme_Cluster_Break (UAX #29), by the numbers of the table. */
export const BREAK = {
  Other: 0,
  CR: 1,
  LF: 2,
  Control: 3,
  Extend: 4,
  Zwj: 5,
  RegionalIndicator: 6,
  Prepend: 7,
  SpacingMark: 8,
  L: 9,
  V: 10,
  T: 11,
  LV: 12,
  LVT: 13,
} as const;

/** Indic_Conjunct_Break (UAX #44), by the numbers of the table. */
export const CONJUNCT = { None: 0, Consonant: 1, Linker: 2, Extend: 3 } as const;

/** What the rules for text need to know of a code point. */
export class Traits {
  readonly break: number;
  readonly conjunct: number;
  readonly isPictographic: boolean;

  /** A letter that is written cursively, or of a script with conjuncts: ZWJ and ZWNJ change how it looks. */
  readonly joins: boolean;

  /** It has standardized variants. */
  readonly varies: boolean;

  /** It has a text style and an emoji style. */
  readonly variesAsEmoji: boolean;
  readonly isIdeograph: boolean;
  readonly isWhite: boolean;

  /** It shows nothing: Default_Ignorable_Code_Point, noncharacters, controls of annotations. */
  readonly isIgnorable: boolean;

  /** It takes place, if that, and shows nothing in it. */
  readonly isBlank: boolean;

  /** It belongs to what is before it. */
  readonly isMark: boolean;

  constructor(bits: number) {
    const has = (bit: number) => ((bits >> bit) & 1) === 1;
    this.break = bits & 15;
    this.conjunct = (bits >> 4) & 3;
    this.isPictographic = has(6);
    this.joins = has(7);
    this.varies = has(8);
    this.variesAsEmoji = has(9);
    this.isIdeograph = has(10);
    this.isWhite = has(11);
    this.isIgnorable = has(12);
    this.isBlank = has(11) || has(12) || has(13);
    this.isMark = this.break === BREAK.Extend || this.break === BREAK.SpacingMark;
  }
}

export const NO_TRAITS = new Traits(0);

const SYLLABLES = { first: 0xac00, last: 0xd7a3, withoutFinal: 28 };
const LV = new Traits(BREAK.LV);
const LVT = new Traits(BREAK.LVT);

/** Where each run of equal traits starts, and what they are. */
const starts: number[] = [];
const traits: Traits[] = [];

const kinds = CLASSES.map((bits) => new Traits(bits));
let next = 0;
for (const [, length, letter] of RUNS.matchAll(/([0-9a-f]*)([A-Zg-z])/g)) {
  starts.push(next);
  traits.push(kinds[LETTERS.indexOf(letter ?? '')] ?? NO_TRAITS);
  next += length ? parseInt(length, 16) : 1;
}

/** By one table of one version of Unicode, the same as the server's, whatever the browser knows (docs/protocol.md, section 6). */
export function traitsOf(point: number): Traits {
  if (point >= SYLLABLES.first && point <= SYLLABLES.last) {
    return (point - SYLLABLES.first) % SYLLABLES.withoutFinal === 0 ? LV : LVT;
  }
  let [from, to] = [0, starts.length];
  while (to - from > 1) {
    const middle = (from + to) >> 1;
    if ((starts[middle] ?? Infinity) <= point) {
      from = middle;
    } else {
      to = middle;
    }
  }
  return traits[from] ?? NO_TRAITS;
}
