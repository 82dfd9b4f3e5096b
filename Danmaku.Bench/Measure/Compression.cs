namespace Danmaku.Bench.Measure;

/// <summary>What messages were compressed to, and what they were, in bytes.</summary>
public sealed record Compression(long Deflated, long Inflated);
