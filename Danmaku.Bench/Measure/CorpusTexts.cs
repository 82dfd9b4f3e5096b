using System.Text;

namespace Danmaku.Bench.Measure;

/// <summary>Texts as people say them, in Chinese, Japanese and English, for what depends on the words: compression above all.</summary>
/// <remarks>
/// A text is a remark of <c>Corpus/remarks.txt</c>, a space and four characters that say which post it is. Those compress worse than
/// words do, so what is measured is a little worse than it would be without.
/// </remarks>
public sealed class CorpusTexts : PostTexts
{
    /// <summary>Posts of a run at most: all numbers that four characters can say.</summary>
    public const int MaxPosts = 62 * 62 * 62 * 62;

    private const int TagChars = 4;

    /// <summary>Steps through the remarks so that neighbours, which are alike, do not follow each other.</summary>
    private const int Stride = 157;

    private const string Digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    private static readonly byte[][] Lines = [.. Read().Select(Encoding.UTF8.GetBytes)];

    private readonly List<long> _due = [];

    public CorpusTexts()
        : base(MinBytes)
    {
    }

    /// <summary>All remarks.</summary>
    public static IReadOnlyList<string> Remarks => [.. Lines.Select(Encoding.UTF8.GetString)];

    public override string Text(PostTag tag, int? bytes = null)
    {
        while (_due.Count <= tag.Number)
        {
            _due.Add(0);
        }

        _due[tag.Number] = tag.DueMicros;
        var (digits, left) = (new char[TagChars], tag.Number);
        for (var i = TagChars - 1; i >= 0; i--, left /= Digits.Length)
        {
            digits[i] = Digits[left % Digits.Length];
        }

        return $"{Encoding.UTF8.GetString(Remark(tag.Number))} {new string(digits)}";
    }

    public override int TryReadNumber(ReadOnlySpan<byte> text)
    {
        var end = text.Length - TagChars;
        if (end < 1 || text[end - 1] != ' ')
        {
            return -1;
        }

        var number = 0;
        foreach (var digit in text[end..])
        {
            var value = Digits.IndexOf((char)digit, StringComparison.Ordinal);
            if (value < 0)
            {
                return -1;
            }

            number = (number * Digits.Length) + value;
        }

        return text[..(end - 1)].SequenceEqual(Remark(number)) ? number : -1;
    }

    public override PostTag? TryRead(ReadOnlySpan<byte> text) =>
        TryReadNumber(text) is >= 0 and var number && number < _due.Count ? new PostTag(number, _due[number]) : null;

    private static byte[] Remark(int number) => Lines[(int)((long)number * Stride % Lines.Length)];

    private static string[] Read()
    {
        using var stream = typeof(CorpusTexts).Assembly.GetManifestResourceStream("remarks.txt")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
    }
}
