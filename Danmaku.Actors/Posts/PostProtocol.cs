using Danmaku.Actors.Rooms;

namespace Danmaku.Actors.Posts;

/// <summary>What an edge and an origin tell each other about posts: many in one message, since a message costs more than a post.</summary>
public static class PostProtocol
{
    /// <summary>
    /// Posts for rooms that were last known on one origin, in the order in which their viewers sent them. Each is answered in a
    /// <see cref="PostAnswers"/>, in any order; safe to repeat.
    /// </summary>
    public sealed record SubmitPosts(IReadOnlyList<RoomProtocol.SubmitPost> Posts) : IWireMessage;

    /// <summary>What became of posts of one edge.</summary>
    public sealed record PostAnswers(IReadOnlyList<RoomProtocol.PostAnswer> Answers) : IWireMessage;
}
