using System.Collections.Frozen;

namespace Danmaku.Core.Moderation;

/// <summary>Words that only those who run a room may have in their name, so that nobody passes for one of them (docs/protocol.md §6).</summary>
/// <remarks>
/// <para>All is compared as <see cref="NameSkeleton"/> does. A reserved word counts where people read it as a word of the name:</para>
/// <list type="bullet">
/// <item>It begins and ends where a word of the name does: at its ends, at white space, punctuation, symbols and emoji, at digits, where the script
/// changes between East Asian and others, and inside as in <c>SuperAdmin</c> and <c>xXAdminXx</c>. So <c>Admin✓</c>, <c>admin2024</c> and
/// <c>我是Admin</c> count, <c>Badminton</c> and <c>Administrativo</c> do not.</item>
/// <item>Or it is spelled with a gap between all its letters (<c>A d m i n</c>), or it is the whole name when gaps are left out
/// (<c>ad.min</c>).</item>
/// <item>Words of Chinese, Japanese and Korean are not parted by spaces. Some are so plain that they count anywhere in a name: 管理员.</item>
/// </list>
/// <para>Immutable; safe for use by several threads.</para>
/// </remarks>
public sealed class ReservedNames
{
    /// <summary>The words of <see cref="ReservedWords"/>, of ten languages.</summary>
    public static readonly ReservedNames Default = new(ReservedWords.Words, ReservedWords.Parts);

    private readonly IReadOnlyList<Reserved> _all;
    private readonly FrozenDictionary<int, Reserved[]> _byFirst;

    /// <param name="words">What is reserved as a word.</param>
    /// <param name="parts">What is reserved anywhere in a name.</param>
    /// <exception cref="ArgumentException">One has no letter or digit.</exception>
    public ReservedNames(IEnumerable<string> words, IEnumerable<string> parts)
        : this([.. words.Select(word => new Reserved(word, isPart: false)), .. parts.Select(part => new Reserved(part, isPart: true))])
    {
    }

    private ReservedNames(IReadOnlyList<Reserved> all)
    {
        _all = all;
        _byFirst = all.GroupBy(reserved => reserved.Points[0]).ToFrozenDictionary(group => group.Key, group => group.ToArray());
    }

    /// <summary>These and more words.</summary>
    /// <exception cref="ArgumentException">One has no letter or digit.</exception>
    public ReservedNames And(IEnumerable<string> words) => new([.. _all, .. words.Select(word => new Reserved(word, isPart: false))]);

    /// <summary>Whether people read a reserved word in the name.</summary>
    public bool LooksReserved(ReadOnlySpan<char> name)
    {
        var reader = NameReader.Letters(name, stackalloc int[NameSkeleton.Room], stackalloc NameEdge[NameSkeleton.Room]);
        for (var start = 0; start < reader.Points.Length; start++)
        {
            if (reader.EdgeBefore(start) != NameEdge.None && _byFirst.TryGetValue(reader.Points[start], out var candidates))
            {
                foreach (var candidate in candidates)
                {
                    if (candidate.IsAt(start, reader))
                    {
                        return true;
                    }
                }
            }
        }

        return false;
    }

    /// <summary>Whether people take the name for one of others, also with symbols or emoji added: Bob✓ for Bob.</summary>
    /// <param name="skeletons">What <see cref="NameSkeleton.Of"/> says of the others.</param>
    public static bool LooksLike(ReadOnlySpan<char> name, IReadOnlySet<string> skeletons) =>
        skeletons.Count > 0
        && (skeletons.Contains(NameSkeleton.Of(name)) || (NameSkeleton.OfLetters(name) is { Length: > 0 } letters && skeletons.Contains(letters)));

    private sealed class Reserved
    {
        private readonly bool _isPart;
        private readonly int[] _points;

        /// <summary>Whether a gap is before each of the points. Some are reserved in two words.</summary>
        private readonly bool[] _gaps;

        public Reserved(string text, bool isPart)
        {
            var reader = NameReader.Letters(text, stackalloc int[NameSkeleton.Room], stackalloc NameEdge[NameSkeleton.Room]);
            if (reader.Points.Length == 0)
            {
                throw new ArgumentException($"A reserved word has no letter or digit: '{text}'", nameof(text));
            }

            _isPart = isPart;
            _points = reader.Points.ToArray();
            _gaps = new bool[_points.Length];
            for (var i = 0; i < _gaps.Length; i++)
            {
                _gaps[i] = Has(reader.EdgeBefore(i), NameEdge.Gap);
            }
        }

        /// <summary>Its skeleton.</summary>
        public ReadOnlySpan<int> Points => _points;

        public bool IsAt(int start, NameReader name)
        {
            var end = start + _points.Length;
            if (!name.Points[start..].StartsWith(Points))
            {
                return false;
            }

            return _isPart
                ? name.EdgeBefore(end) != NameEdge.None
                : Has(name.EdgeBefore(start), NameEdge.Word) && Has(name.EdgeBefore(end), NameEdge.Word) && (IsWhole(name) || IsSpelledEvenly(start, name));
        }

        private bool IsWhole(NameReader name) => name.Points.Length == _points.Length;

        /// <summary>Whether its gaps are those of the word, or it has one between all of its characters.</summary>
        private bool IsSpelledEvenly(int start, NameReader name)
        {
            var (isSame, isSpaced) = (true, true);
            for (var i = 1; i < _points.Length; i++)
            {
                var edge = name.EdgeBefore(start + i);
                isSame &= Has(edge, NameEdge.Gap) == _gaps[i];
                isSpaced &= !Has(edge, NameEdge.Character) || Has(edge, NameEdge.Gap);
            }

            return isSame || isSpaced;
        }

        private static bool Has(NameEdge edges, NameEdge edge) => (edges & edge) != 0;
    }
}
