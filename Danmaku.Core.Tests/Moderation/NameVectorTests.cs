using System.Collections.Frozen;
using Danmaku.Core.Moderation;
using Danmaku.Testing;

namespace Danmaku.Core.Tests.Moderation;

/// <summary>docs/vectors/names.json.</summary>
public class NameVectorTests
{
    public static TheoryData<string> Reserved => [.. Cases("reserved")];

    public static TheoryData<string> Alike => [.. Cases("alike")];

    [Theory]
    [MemberData(nameof(Reserved))]
    public void A_name_looks_reserved_as_its_vector_says(string name)
    {
        var vector = Vectors.Find("names", name);

        Assert.Equal(vector.GetProperty("reserved").GetBoolean(), ReservedNames.Default.LooksReserved(vector.GetProperty("text").GetString()));
    }

    [Theory]
    [MemberData(nameof(Alike))]
    public void A_name_looks_like_another_as_its_vector_says(string name)
    {
        var vector = Vectors.Find("names", name);
        var others = new[] { NameSkeleton.Of(vector.GetProperty("other").GetString()) }.ToFrozenSet();

        Assert.Equal(vector.GetProperty("alike").GetBoolean(), ReservedNames.LooksLike(vector.GetProperty("text").GetString(), others));
    }

    private static IEnumerable<string> Cases(string field) => Vectors.Read("names")
        .Where(vector => vector.TryGetProperty(field, out _))
        .Select(vector => vector.GetProperty("name").GetString()!);
}
