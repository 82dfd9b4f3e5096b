using Danmaku.Bench.Engine;
using Danmaku.Bench.Measure;

namespace Danmaku.Bench.Viewers;

/// <summary>One room of a run: what the viewers in it share.</summary>
/// <param name="isAnswered">Whether the server answers posts.</param>
public sealed class RoomRun(LoadLoop loop, string name, PostTexts texts, bool isAnswered)
{
    private readonly Dictionary<(int, int), Sequences> _judged = [];

    public string Name => name;

    public LoadLoop Loop => loop;

    public PostTexts Texts => texts;

    public PostBook Book { get; } = new(isAnswered);

    public FrameCache Frames { get; } = new();

    /// <summary>What one of its viewers is reading, until the next one does.</summary>
    public ServerMessage Message { get; } = new();

    public SeenOrder Order { get; } = new();

    /// <summary>Who posts here, in turn.</summary>
    public List<Viewer> Posters { get; } = [];

    /// <summary>Sends a post. Its poster is to be flushed.</summary>
    public Viewer Post(long dueMicros)
    {
        var number = Book.Open(dueMicros);
        var poster = Posters[number % Posters.Count];
        poster.Post(new PostTag(number, dueMicros));
        return poster;
    }

    /// <summary>How a part of the order that several viewers saw is to be judged; found out once, until more is known.</summary>
    public Sequences Judge(int begin, int end, Func<Sequences> judge)
    {
        if (!_judged.TryGetValue((begin, end), out var sequences))
        {
            _judged[(begin, end)] = sequences = judge();
        }

        return sequences;
    }

    /// <summary>More is known.</summary>
    public void ForgetJudgements() => _judged.Clear();
}
