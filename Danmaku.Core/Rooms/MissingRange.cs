namespace Danmaku.Core.Rooms;

/// <summary>A range of one epoch to fetch from the origin.</summary>
/// <param name="Through">The last offset; <see cref="Position.MaxInteger"/> for "to the end of that epoch, wherever that is".</param>
public readonly record struct MissingRange(long Epoch, long From, long Through)
{
    /// <summary>The position that the asking edge has.</summary>
    public Position Have => new(Epoch, From - 1);
}
