namespace Danmaku.Chaos.Checks;

/// <summary>How often something happened that must not.</summary>
/// <param name="Firm">To danmaku that must be safe: a failure of the promise.</param>
/// <param name="Open">To danmaku acknowledged with <c>durable:false</c>, which may be lost or doubled when their origin dies.</param>
public readonly record struct Tally(long Firm, long Open)
{
    public static Tally operator +(Tally left, Tally right) => new(left.Firm + right.Firm, left.Open + right.Open);

    public Tally Add(bool isOpen) => isOpen ? this with { Open = Open + 1 } : this with { Firm = Firm + 1 };
}
