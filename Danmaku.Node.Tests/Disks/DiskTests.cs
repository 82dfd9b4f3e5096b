using Danmaku.Node.Disks;

namespace Danmaku.Node.Tests.Disks;

public sealed class DiskTests
{
    [Fact]
    public void A_directory_that_is_not_there_yet_is_on_the_disk_of_the_one_above()
    {
        var here = new Disk(Path.GetTempPath());
        var later = new Disk(Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():n}", "data"));

        Assert.Equal(here.Space.Size, later.Space.Size);
        Assert.InRange(later.Space.Free, 1, later.Space.Size);
        Assert.True(here.IsSameAs(later));
    }

    [SkippableFact]
    public void A_mounted_filesystem_is_another_disk()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "only Linux tells");

        Assert.False(new Disk("/proc").IsSameAs(new Disk(Path.GetTempPath())));
    }

    [Theory]
    [InlineData(1000, 100)]
    [InlineData(1_000_000, 5000)]
    public void A_share_has_an_upper_bound(long size, long share) => Assert.Equal(share, new DiskSpace(0, size).Share(10, 5000));
}
