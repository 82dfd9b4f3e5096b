using Danmaku.Node.Sockets;
using Danmaku.Node.Tests.Support;

namespace Danmaku.Node.Tests;

public sealed class MaskWatchTests
{
    private static readonly int[] Lengths = [0, 1, 125, 126, 127, 4000, 65535, 3];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(4096)]
    public void Masked_frames_of_all_lengths_are_followed_however_they_are_cut(int piece)
    {
        byte[] bytes = [.. Lengths.SelectMany(length => RawClient.Frame(2, new byte[length]))];
        var watch = new MaskWatch();

        Assert.All(bytes.Chunk(piece), chunk => Assert.True(watch.Follow(chunk)));

        Assert.False(watch.Follow(RawClient.Frame(1, [1], masked: false)));
    }
}
