using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;

namespace Danmaku.Bench.Targets;

/// <summary>A room as a group of SignalR, as its documentation shows it.</summary>
public sealed class RelayHub : Hub
{
    /// <summary>What clients hear.</summary>
    public const string Said = "said";

    public override Task OnConnectedAsync() => Groups.AddToGroupAsync(Context.ConnectionId, Room);

    public Task Post(string text) => Clients.Group(Room).SendAsync(Said, text);

    private string Room => Context.GetHttpContext()!.Request.RouteValues["room"] as string ?? "";
}

/// <summary>A server on SignalR, for comparisons.</summary>
public static class SignalRTarget
{
    public static WebApplication Create(WebApplicationBuilder builder)
    {
        builder.Services.AddSignalR();
        var app = builder.Build();
        app.MapHub<RelayHub>("/ws/{room}");
        return app;
    }
}
