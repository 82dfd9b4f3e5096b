using Danmaku.Node.Strangers;
using Danmaku.Testing;

namespace Danmaku.Node.Tests.Strangers;

public sealed class EpisodeTests : IDisposable
{
    private readonly ManualTimeProvider _time = new();
    private readonly Episode _episode;
    private int _ended;

    public EpisodeTests() => _episode = new Episode(_time, () => _ended++);

    public void Dispose() => _episode.Dispose();

    [Fact]
    public void An_episode_begins_once_and_ends_after_a_calm_time()
    {
        Assert.True(_episode.Report());
        for (var i = 0; i < 10; i++)
        {
            _time.Advance(Episode.Calm - TimeSpan.FromSeconds(1));
            Assert.False(_episode.Report());
        }

        Assert.Equal(0, _ended);
        _time.Advance(Episode.Calm - TimeSpan.FromMilliseconds(1));
        Assert.Equal(0, _ended);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(1, _ended);
    }

    [Fact]
    public void Another_episode_may_follow()
    {
        Assert.True(_episode.Report());
        _time.Advance(Episode.Calm);
        Assert.True(_episode.Report());
        _time.Advance(Episode.Calm);
        _time.Advance(Episode.Calm);

        Assert.Equal(2, _ended);
    }
}
