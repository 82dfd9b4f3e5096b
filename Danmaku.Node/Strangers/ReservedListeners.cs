using System.Net;

namespace Danmaku.Node.Strangers;

/// <summary>Which listeners are for operators: they may use what is kept back from strangers, descriptors and memory.</summary>
/// <param name="Has">Asked once for each listener when it begins.</param>
internal sealed record ReservedListeners(Func<EndPoint, bool> Has);

/// <summary>On a connection that came through a listener for operators.</summary>
internal interface IReservedFeature;
