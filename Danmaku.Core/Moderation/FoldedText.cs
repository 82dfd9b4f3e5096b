using System.Text;
using Danmaku.Core.Rooms;

namespace Danmaku.Core.Moderation;

/// <summary>A text as words are looked for in it: what people read as the same is the same (docs/protocol.md §6).</summary>
/// <remarks>
/// <para>
/// Folded are case, width, compatibility forms, look-alikes and marks as in <see cref="NameSkeleton"/>, and what is not seen is left out. White
/// space of any length is one space; punctuation and symbols stay. Each run of the same character is one: <c>stuuupid</c> is <c>stupid</c>.
/// </para>
/// <para>
/// A word is looked for as it is folded itself. Since good is <c>god</c> as well, whoever looks compares <see cref="Piece.Times"/>, too: a run
/// of a text stands for one of a word when it is as long, or longer than two.
/// </para>
/// </remarks>
public sealed class FoldedText
{
    private readonly Piece[] _pieces;

    private FoldedText(string text, Piece[] pieces) => (Text, _pieces) = (text, pieces);

    /// <summary>What is looked in. Not for people to read.</summary>
    public string Text { get; }

    /// <summary>What one unit of <see cref="Text"/> comes from: a run of one character in the text as it was written.</summary>
    public Piece this[int index] => _pieces[index];

    /// <summary>Where a part of <see cref="Text"/> stands in the text as it was written, with the marks that follow it: what to mask.</summary>
    /// <param name="length">At least 1.</param>
    public Range Source(int start, int length) => _pieces[start].Start.._pieces[start + length - 1].End;

    /// <summary>Folds a text. Takes time in proportion to the length; never throws.</summary>
    public static FoldedText Of(ReadOnlySpan<char> text)
    {
        var folder = new Folder();
        Span<int> buffer = stackalloc int[LookAlikes.MaxPoints];
        for (int at = 0, used; at < text.Length; at += used)
        {
            // Half of a pair is U+FFFD here.
            Rune.DecodeFromUtf16(text[at..], out var rune, out used);
            if (!LookAlikes.IsHidden(rune.Value))
            {
                folder.Append(LookAlikes.Of(rune.Value, buffer), at, at + used);
            }
        }

        return folder.ToText();
    }

    /// <summary>A run of one character.</summary>
    /// <param name="Start">Where it begins in the text as it was written.</param>
    /// <param name="End">Where it ends.</param>
    /// <param name="Times">How often it stands there.</param>
    public readonly record struct Piece(int Start, int End, int Times);

    private sealed class Folder
    {
        private readonly StringBuilder _text = new();
        private readonly List<Piece> _pieces = [];

        /// <summary>As what the characters of the last run are compared, and where that begins in the folded text.</summary>
        private readonly List<int> _last = [];
        private readonly List<int> _next = [];
        private int _lastAt;
        private int _base;

        public void Append(ReadOnlySpan<int> key, int start, int end)
        {
            _next.Clear();
            foreach (var point in key)
            {
                if (!LookAlikes.IsMark(point))
                {
                    _base = UnicodeTable.Of(point).IsBlank ? ' ' : point;
                    _next.Add(_base);
                }
                else if (!LookAlikes.TakesNoMarks(_base))
                {
                    _next.Add(point);
                }
            }

            if (_next.Count == 0 || _next.SequenceEqual(_last))
            {
                GoOn(end, _next.Count == 0 ? 0 : 1);
            }
            else
            {
                Begin(start, end);
            }
        }

        public FoldedText ToText() => new(_text.ToString(), [.. _pieces]);

        private void GoOn(int end, int more)
        {
            for (var i = _lastAt; i < _pieces.Count; i++)
            {
                _pieces[i] = _pieces[i] with { End = end, Times = _pieces[i].Times + more };
            }
        }

        private void Begin(int start, int end)
        {
            _lastAt = _text.Length;
            Span<char> units = stackalloc char[2];
            foreach (var point in _next)
            {
                _text.Append(units[..new Rune(point).EncodeToUtf16(units)]);
            }

            _pieces.AddRange(Enumerable.Repeat(new Piece(start, end, 1), _text.Length - _lastAt));
            _last.Clear();
            _last.AddRange(_next);
        }
    }
}
