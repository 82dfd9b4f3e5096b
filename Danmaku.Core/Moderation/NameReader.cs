using System.Globalization;
using System.Text;
using Danmaku.Core.Rooms;

namespace Danmaku.Core.Moderation;

/// <summary>What stands before a code point of a name as it is compared.</summary>
[Flags]
internal enum NameEdge : byte
{
    /// <summary>It goes on with what one character of the name is compared as.</summary>
    None = 0,

    /// <summary>A character of the name begins.</summary>
    Character = 1,

    /// <summary>A word begins.</summary>
    Word = 2,

    /// <summary>White space, punctuation or a symbol is before it.</summary>
    Gap = 4,
}

/// <summary>A name as it is compared, code point by code point, with the words that people see in it.</summary>
/// <param name="points">Where to, as long as it is large enough.</param>
/// <param name="edges">As long.</param>
internal ref struct NameReader(Span<int> points, Span<NameEdge> edges)
{
    private Span<int> _points = points;
    private Span<NameEdge> _edges = edges;
    private int _length;
    private int _marks;
    private int _base;

    private Kind _last;
    private Kind _beforeLast;
    private bool _isGap;

    /// <summary>What a character of a name is. A word ends where the kind changes.</summary>
    private enum Kind
    {
        None,
        Letter,
        Lower,
        Upper,

        /// <summary>Han, kana, Hangul.</summary>
        EastAsian,

        /// <summary>A digit, or a sign that looks like a letter: either is part of a word or not.</summary>
        Digit,

        /// <summary>A letter of a flag.</summary>
        Flag,
        Symbol,
    }

    public readonly ReadOnlySpan<int> Points => _points[.._length];

    /// <summary>What stands before one; after the last, the end of all.</summary>
    public readonly NameEdge EdgeBefore(int index) => index == _length ? NameEdge.Character | NameEdge.Word | NameEdge.Gap : _edges[index];

    /// <summary>Reads the letters and digits of a name; all else makes gaps.</summary>
    public static NameReader Letters(scoped ReadOnlySpan<char> name, Span<int> points, Span<NameEdge> edges)
    {
        var reader = new NameReader(points, edges);
        reader.Read(name, keepsPunctuation: false, keepsSymbols: false);
        return reader;
    }

    /// <summary>Reads a name.</summary>
    /// <param name="keepsPunctuation">Else it is a gap.</param>
    /// <param name="keepsSymbols">Else they are gaps.</param>
    public void Read(scoped ReadOnlySpan<char> name, bool keepsPunctuation, bool keepsSymbols)
    {
        (_length, _marks, _base, _last, _beforeLast, _isGap) = (0, 0, 0, Kind.None, Kind.None, true);
        Span<int> buffer = stackalloc int[LookAlikes.MaxPoints];
        while (name.Length > 0)
        {
            // Half of a pair is U+FFFD here.
            Rune.DecodeFromUtf16(name, out var rune, out var used);
            name = name[used..];
            if (LookAlikes.IsHidden(rune.Value))
            {
                continue;
            }

            var key = LookAlikes.Of(rune.Value, buffer);
            var kind = KindOf(rune.Value, key);
            if (kind == Kind.Symbol && !keepsSymbols)
            {
                _isGap = true;
            }
            else
            {
                Append(key, kind, keepsPunctuation);
            }
        }

        SortMarks();
    }

    public override readonly string ToString()
    {
        var units = 0;
        foreach (var point in Points)
        {
            units += point > char.MaxValue ? 2 : 1;
        }

        return string.Create(units, Points, static (to, points) =>
        {
            foreach (var point in points)
            {
                to = to[new Rune(point).EncodeToUtf16(to)..];
            }
        });
    }

    private void Append(scoped ReadOnlySpan<int> key, Kind kind, bool keepsPunctuation)
    {
        var isFirst = true;
        foreach (var point in key)
        {
            if (LookAlikes.IsMark(point))
            {
                if (_base != 0 && !LookAlikes.TakesNoMarks(_base))
                {
                    Add(point, NameEdge.None);
                    _marks++;
                }
            }
            else if (UnicodeTable.Of(point).IsBlank || (!keepsPunctuation && LookAlikes.IsPunctuation(point)))
            {
                _isGap = true;
            }
            else
            {
                SortMarks();
                Add(point, isFirst ? EdgeTo(kind) : NameEdge.None);
                (_base, isFirst) = (point, false);
            }
        }
    }

    /// <summary>Marks that people cannot tell by their order come in one order.</summary>
    private void SortMarks()
    {
        if (_marks > 1)
        {
            _points[(_length - _marks).._length].Sort();
        }

        _marks = 0;
    }

    private NameEdge EdgeTo(Kind next)
    {
        var isWord = _isGap || next == Kind.Symbol || Script(next) != Script(_last) || (_last == Kind.Lower && next == Kind.Upper);
        if (!_isGap && next == Kind.Lower && _last == Kind.Upper && _beforeLast == Kind.Upper)
        {
            // The last capital of several begins a word: xXAdmin.
            _edges[LastCharacter()] |= NameEdge.Word;
        }

        var edge = NameEdge.Character | (isWord ? NameEdge.Word : NameEdge.None) | (_isGap ? NameEdge.Gap : NameEdge.None);
        (_beforeLast, _last, _isGap) = (_isGap ? Kind.None : _last, next, false);
        return edge;
    }

    private readonly int LastCharacter()
    {
        var index = _length - 1;
        while (_edges[index] == NameEdge.None)
        {
            index--;
        }

        return index;
    }

    private void Add(int point, NameEdge edge)
    {
        if (_length == _points.Length)
        {
            var morePoints = new int[2 * _length];
            _points.CopyTo(morePoints);
            _points = morePoints;

            var moreEdges = new NameEdge[2 * _length];
            _edges.CopyTo(moreEdges);
            _edges = moreEdges;
        }

        (_points[_length], _edges[_length]) = (point, edge);
        _length++;
    }

    private static Kind Script(Kind kind) => kind is Kind.Lower or Kind.Upper ? Kind.Letter : kind;

    private static Kind KindOf(int point, ReadOnlySpan<int> key) => CharUnicodeInfo.GetUnicodeCategory(point) switch
    {
        UnicodeCategory.LowercaseLetter => Kind.Lower,
        UnicodeCategory.UppercaseLetter or UnicodeCategory.TitlecaseLetter => Kind.Upper,
        UnicodeCategory.OtherLetter or UnicodeCategory.ModifierLetter => IsEastAsian(point) ? Kind.EastAsian : Kind.Letter,
        UnicodeCategory.LetterNumber or UnicodeCategory.SpacingCombiningMark => Kind.Letter,
        UnicodeCategory.DecimalDigitNumber or UnicodeCategory.OtherNumber => Kind.Digit,
        UnicodeCategory.OtherSymbol when point is >= 0x1f1e6 and <= 0x1f1ff => Kind.Flag,
        UnicodeCategory.OtherSymbol when IsLetters(key) => Kind.Letter,
        UnicodeCategory.MathSymbol or UnicodeCategory.CurrencySymbol when IsLetters(key) => Kind.Digit,
        UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark => Kind.Letter,
        _ => Kind.Symbol,
    };

    private static bool IsLetters(ReadOnlySpan<int> key) => key.Length > 0 && key.IndexOfAnyExceptInRange('a', 'z') < 0;

    private static bool IsEastAsian(int point) =>
        point is (>= 0x1100 and <= 0x11ff) or (>= 0x2e80 and <= 0xa4cf) or (>= 0xa960 and <= 0xa97f) or (>= 0xac00 and <= 0xd7ff)
            or (>= 0xf900 and <= 0xfaff) or (>= 0xff66 and <= 0xffdc) or (>= 0x1aff0 and <= 0x1b2ff) or (>= 0x20000 and <= 0x3ffff);
}
