using System.Buffers.Text;
using System.Globalization;
using Danmaku.Core.Rooms;

namespace Danmaku.Core.Moderation;

/// <summary>
/// As what each code point is compared: without case, width, form and marks, and the same for all that look alike (UTS #39 §4). A table of our
/// own, since .NET without ICU normalizes nothing.
/// </summary>
/// <remarks>What it gives is not changed by a second time.</remarks>
internal static partial class LookAlikes
{
    /// <summary>Most code points for one: an Arabic ligature of four words.</summary>
    internal const int MaxPoints = 15;

    private const int FirstSyllable = 0xac00;
    private const int LastSyllable = 0xd7a3;
    private const int Vowels = 21;
    private const int Finals = 28;

    private const int PageSize = 128;

    /// <summary>Made when it is first asked for: 9,298 code points in 157 KiB.</summary>
    private static readonly (ushort[] Pages, int[] Values, int[] Several) Table = Unpack();

    /// <summary>As what a code point is compared.</summary>
    /// <param name="buffer">Takes the answer where the table does not have it; <see cref="MaxPoints"/> long.</param>
    internal static ReadOnlySpan<int> Of(int point, Span<int> buffer)
    {
        if (point is >= FirstSyllable and <= LastSyllable)
        {
            return buffer[..WriteSyllable(point - FirstSyllable, buffer)];
        }

        var value = Table.Values[(Table.Pages[point / PageSize] * PageSize) + (point % PageSize)];
        if (value < 0)
        {
            return Table.Several.AsSpan(-value, Table.Several[-value - 1]);
        }

        buffer[0] = value == 0 ? point : value;
        return buffer[..1];
    }

    /// <summary>Whether marks on this letter or digit are ignored: Latin, Greek and Cyrillic. <c>name-table.mjs</c> has the same.</summary>
    internal static bool TakesNoMarks(int point) =>
        point is (>= 'a' and <= 'z') or (>= '0' and <= '9') or (>= 'A' and <= 'Z')
        || (point is (>= 0xc0 and <= 0x2af) or (>= 0x370 and <= 0x52f) or (>= 0x1c80 and <= 0x1c8f) or (>= 0x1d00 and <= 0x1dbf)
                or (>= 0x1e00 and <= 0x1fff) or (>= 0x2c60 and <= 0x2c7f) or (>= 0xa640 and <= 0xa69f) or (>= 0xa720 and <= 0xa7ff)
                or (>= 0xab30 and <= 0xab6f)
            && IsWordly(point));

    internal static bool IsMark(int point) =>
        point >= 0x300 && CharUnicodeInfo.GetUnicodeCategory(point) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark;

    internal static bool IsPunctuation(int point) => CharUnicodeInfo.GetUnicodeCategory(point) is >= UnicodeCategory.ConnectorPunctuation
        and <= UnicodeCategory.OtherPunctuation;

    /// <summary>What is not seen and parts no words; kashida and vowel signs, which make no other word of Arabic. <c>name-table.mjs</c> has the same.</summary>
    internal static bool IsHidden(int point) =>
        point is 0x640 or (>= 0x64b and <= 0x652) or 0x670 || UnicodeTable.Of(point).IsIgnorable;

    private static bool IsWordly(int point) => CharUnicodeInfo.GetUnicodeCategory(point) is <= UnicodeCategory.OtherLetter
        or (>= UnicodeCategory.DecimalDigitNumber and <= UnicodeCategory.OtherNumber);

    /// <summary>The letters of a syllable of Hangul, each as it is compared.</summary>
    private static int WriteSyllable(int index, Span<int> to)
    {
        Span<int> single = stackalloc int[1];
        var length = 0;
        foreach (var letter in (ReadOnlySpan<int>)[0x1100 + (index / (Vowels * Finals)), 0x1161 + (index / Finals % Vowels), 0x11a7 + (index % Finals)])
        {
            if (letter != 0x11a7)
            {
                var key = Of(letter, single);
                key.CopyTo(to[length..]);
                length += key.Length;
            }
        }

        return length;
    }

    private static (ushort[] Pages, int[] Values, int[] Several) Unpack()
    {
        var packed = new byte[Base64.GetMaxDecodedFromUtf8Length(Packed.Length)];
        Base64.DecodeFromUtf8(Packed, packed, out _, out var length);
        return new Unpacking(packed, length).All();
    }

    /// <summary>The packed table on its way to pages.</summary>
    private sealed class Unpacking(byte[] packed, int length)
    {
        private readonly ushort[] _pages = new ushort[(0x10ffff / PageSize) + 1];
        private readonly List<int> _values = [.. new int[PageSize]];
        private readonly List<int> _several = [];
        private int _at;

        public (ushort[] Pages, int[] Values, int[] Several) All()
        {
            for (var point = 0; _at < length;)
            {
                point += Number();
                var (count, kind) = int.DivRem(Number(), 3);
                var value = kind == 2 ? ReadSeveral() : Number();
                for (var i = 0; i < count; i++, point++)
                {
                    Set(point, kind == 0 ? value + i : value);
                }
            }

            return (_pages, [.. _values], [.. _several]);
        }

        private int Number()
        {
            var (number, shift) = (0, 0);
            for (; packed[_at] >= 0x80; _at++, shift += 7)
            {
                number |= (packed[_at] & 0x7f) << shift;
            }

            return number | (packed[_at++] << shift);
        }

        private int ReadSeveral()
        {
            _several.Add(Number());
            var start = _several.Count;
            for (var i = _several[^1]; i > 0; i--)
            {
                _several.Add(Number());
            }

            return -start;
        }

        private void Set(int point, int value)
        {
            ref var page = ref _pages[point / PageSize];
            if (page == 0)
            {
                page = (ushort)(_values.Count / PageSize);
                _values.AddRange(new int[PageSize]);
            }

            _values[(page * PageSize) + (point % PageSize)] = value;
        }
    }
}
