using Danmaku.Bench.Measure;
using Danmaku.Bench.Scenarios;

namespace Danmaku.Bench.Compare;

/// <summary>A server that was started to be measured; ends when it is disposed.</summary>
/// <param name="Servers">Its processes; the first is the one whose CPU is compared.</param>
public sealed record RunningPeer(Uri Url, IReadOnlyList<ServerProcess> Servers, IAsyncDisposable Process) : IAsyncDisposable
{
    public ValueTask DisposeAsync() => Process.DisposeAsync();
}

/// <summary>A kind of server that can be compared.</summary>
/// <param name="Name">By which people choose it.</param>
/// <param name="About">One line for the report.</param>
/// <param name="StartAsync">Starts one.</param>
/// <exception cref="InvalidDataException">Of <paramref name="StartAsync"/>: it cannot be had here; the message says why.</exception>
public sealed record Peer(string Name, string About, ServerKind Kind, ViewerFormat Format, Func<PeerPlace, Task<RunningPeer>> StartAsync);

/// <summary>Where peers are started.</summary>
/// <param name="Node">The executable of a node.</param>
/// <param name="ServerCore">Of the server that is compared; <paramref name="LoadCore"/>: of this tool, and of a cluster's origin.</param>
/// <param name="Folder">For programs that are built, data and logs.</param>
/// <param name="Store">Of a cluster's origin, as <c>Danmaku:Store:Kind</c> has it.</param>
/// <param name="Settings">Further options of nodes, as arguments.</param>
public sealed record PeerPlace(string Node, int ServerCore, int LoadCore, string Folder, string Store, IReadOnlyList<string> Settings);
