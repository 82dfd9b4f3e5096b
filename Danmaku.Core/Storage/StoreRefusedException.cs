namespace Danmaku.Core.Storage;

/// <summary>A store that cannot be used as it is. The message is one sentence for an operator: what is wrong, and what to do.</summary>
public sealed class StoreRefusedException(string message, Exception? innerException = null) : Exception(message, innerException);
