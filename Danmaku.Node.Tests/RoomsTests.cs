using Danmaku.Core.Rooms;
using Danmaku.Node.Local;
using Danmaku.Node.Options;
using Microsoft.Extensions.DependencyInjection;

namespace Danmaku.Node.Tests;

public sealed class LocalRoomsFixture : RoomsFixture
{
    protected override void AddRooms(IServiceCollection services, NodeSettings settings) => services.AddSingleton<IRooms, LocalRooms>();
}

/// <summary>The contract, kept by plain loops.</summary>
public sealed class LocalRoomsTests(LocalRoomsFixture fixture) : RoomsContract(fixture), IClassFixture<LocalRoomsFixture>;

#if CLUSTER
public sealed class ActorRoomsFixture : RoomsFixture
{
    protected override void AddRooms(IServiceCollection services, NodeSettings settings) => Rooms.RoomsRegistration.AddRooms(services, settings);
}

/// <summary>The contract, kept by a cluster of one node.</summary>
public sealed class ActorRoomsTests(ActorRoomsFixture fixture) : RoomsContract(fixture), IClassFixture<ActorRoomsFixture>;
#endif
