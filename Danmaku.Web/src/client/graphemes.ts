import { BREAK, CONJUNCT, traitsOf } from './unicode';
import type { Traits } from './unicode';

/** What people take for one character: extended grapheme clusters (UAX #29), by the server's table and not by the browser's. */
export function* graphemes(text: string): Generator<string> {
  let cluster = new Cluster();
  for (const character of text) {
    const traits = traitsOf(character.codePointAt(0) ?? 0);
    if (cluster.text !== '' && cluster.endsBefore(traits)) {
      yield cluster.text;
      cluster = new Cluster();
    }
    cluster.take(character, traits);
  }
  if (cluster.text !== '') {
    yield cluster.text;
  }
}

export function countGraphemes(text: string): number {
  let count = 0;
  for (const _ of graphemes(text)) {
    count++;
  }
  return count;
}

/** A cluster as far as it is known. */
class Cluster {
  text = '';
  private last: number = BREAK.Other;

  /** It ends in a consonant of a conjunct and what extends it; whether a linker is among that. */
  private isConsonant = false;
  private isLinked = false;

  /** It ends in a pictograph and what extends it; whether a ZWJ is the last of that. */
  private isPictograph = false;
  private isJoined = false;

  private isHalfFlag = false;

  take(character: string, next: Traits): void {
    this.isLinked =
      this.isConsonant && (next.conjunct === CONJUNCT.Linker || (this.isLinked && next.conjunct === CONJUNCT.Extend));
    this.isConsonant = next.conjunct === CONJUNCT.Consonant || (this.isConsonant && next.conjunct !== CONJUNCT.None);
    this.isJoined = this.isPictograph && !this.isJoined && next.break === BREAK.Zwj;
    this.isPictograph =
      next.isPictographic || this.isJoined || (this.isPictograph && this.last !== BREAK.Zwj && next.break === BREAK.Extend);
    this.isHalfFlag = next.break === BREAK.RegionalIndicator && !this.isHalfFlag;
    this.last = next.break;
    this.text += character;
  }

  /** The rules GB3 to GB999 of UAX #29, in their order. */
  endsBefore(next: Traits): boolean {
    const { last } = this;
    if (last === BREAK.CR && next.break === BREAK.LF) {
      return false;
    }
    if (isControl(last) || isControl(next.break)) {
      return true;
    }
    switch (next.break) {
      case BREAK.Extend:
      case BREAK.Zwj:
      case BREAK.SpacingMark:
        return false;
      case BREAK.RegionalIndicator:
        return !this.isHalfFlag && last !== BREAK.Prepend;
    }
    return !(
      last === BREAK.Prepend ||
      areOneSyllable(last, next.break) ||
      (this.isLinked && next.conjunct === CONJUNCT.Consonant) ||
      (this.isJoined && next.isPictographic)
    );
  }
}

function isControl(kind: number): boolean {
  return kind === BREAK.CR || kind === BREAK.LF || kind === BREAK.Control;
}

function areOneSyllable(last: number, next: number): boolean {
  switch (last) {
    case BREAK.L:
      return next === BREAK.L || next === BREAK.V || next === BREAK.LV || next === BREAK.LVT;
    case BREAK.LV:
    case BREAK.V:
      return next === BREAK.V || next === BREAK.T;
    case BREAK.LVT:
    case BREAK.T:
      return next === BREAK.T;
    default:
      return false;
  }
}
