using Danmaku.HttpCache.Policy;

namespace Danmaku.HttpCache.Tests.Policy;

public class ContentCodingsTests
{
    [Theory]
    [InlineData(null, "identity")]
    [InlineData("", "identity")]
    [InlineData("gzip, deflate, br, zstd", "br")]
    [InlineData("gzip, deflate", "gzip")]
    [InlineData("GZIP;q=0.5 , BR ; q=0.1", "br")]
    [InlineData("br;q=0, gzip;q=1.0", "gzip")]
    [InlineData("br;q=0.000, gzip;q=0", "identity")]
    [InlineData("*", "br")]
    [InlineData("br;q=0, *", "gzip")]
    [InlineData("*;q=0, gzip", "gzip")]
    [InlineData("x-gzip", "gzip")]
    [InlineData("identity;q=0", "identity")]
    [InlineData("deflate, zstd", "identity")]
    [InlineData("br;level=5", "identity")]
    [InlineData("br;q=2, gzip;q=-1", "br")]
    [InlineData(",,;q=1,=", "identity")]
    [InlineData("bright, gzipped", "identity")]
    public void Every_Accept_Encoding_becomes_one_of_three_codings(string? accept, string coding) =>
        Assert.Equal(coding, ContentCodings.Choose(accept).Name());
}
