using Danmaku.Actors.Rooms;

namespace Danmaku.Actors.Posts;

/// <summary>Messages between edges and origins about posts. Many posts share one message, since a message costs more than a post.</summary>
public static class PostProtocol
{
    /// <summary>
    /// Posts for rooms that were last known to be on one origin, in the order in which their viewers sent them. Each is answered in a
    /// <see cref="PostAnswers"/>, in any order. Safe to repeat.
    /// </summary>
    public sealed record SubmitPosts(IReadOnlyList<RoomProtocol.SubmitPost> Posts) : IWireMessage;

    /// <summary>The answers for posts of one edge.</summary>
    public sealed record PostAnswers(IReadOnlyList<RoomProtocol.PostAnswer> Answers) : IWireMessage;
}
