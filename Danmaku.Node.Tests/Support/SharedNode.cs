namespace Danmaku.Node.Tests.Support;

/// <summary>A node that the tests of one class share. Each of them calls <see cref="TestNode.AssertNoErrors"/> at its end.</summary>
/// <param name="settings">Such as <c>--Danmaku:NodeName=x</c>.</param>
public abstract class SharedNode(params string[] settings) : IAsyncLifetime
{
    internal TestNode Node { get; private set; } = null!;

    public async Task InitializeAsync() => Node = await TestNode.StartAsync(settings);

    public async Task DisposeAsync() => await Node.DisposeAsync();
}
