using Akka.Actor;
using Akka.TestKit.Xunit2;
using Danmaku.Actors.Connections;
using Danmaku.Testing;
using Xunit;

namespace Danmaku.Actors.Tests.Connections;

/// <summary>Who brings a message handles it, where the actor has nothing else to do and nobody is kept waiting.</summary>
public sealed class ConnectionDispatcherTests : TestKit
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public ConnectionDispatcherTests()
        : base(AkkaRegistration.ReadConfiguration())
    {
    }

    [Fact]
    public async Task The_sending_thread_handles_a_message_before_it_goes_on()
    {
        var thread = 0;
        var actor = await StartAsync((_, _) => thread = Environment.CurrentManagedThreadId);

        // As soon as the thread that has started it has let it go.
        OnThread(() => Assert.True(SpinWait.SpinUntil(
            () =>
            {
                ConnectionDispatcher.TellHere(actor, "post");
                return thread == Environment.CurrentManagedThreadId;
            },
            Patience)));
    }

    [Fact]
    public async Task An_ordinary_message_is_handled_by_another_thread()
    {
        var handled = new TaskCompletionSource<int>();
        var actor = await StartAsync((_, _) => handled.TrySetResult(Environment.CurrentManagedThreadId));

        OnThread(() =>
        {
            actor.Tell("tick");

            Assert.NotEqual(Environment.CurrentManagedThreadId, handled.Task.WaitAsync(Patience).GetAwaiter().GetResult());
        });
    }

    [Fact]
    public async Task An_actor_that_is_told_meanwhile_runs_on_another_thread()
    {
        var handled = new TaskCompletionSource<int>();
        var second = await StartAsync((_, _) => handled.TrySetResult(Environment.CurrentManagedThreadId));
        var first = await StartAsync((_, message) => second.Tell(message));

        OnThread(() =>
        {
            ConnectionDispatcher.TellHere(first, "post");

            Assert.NotEqual(Environment.CurrentManagedThreadId, handled.Task.WaitAsync(Patience).GetAwaiter().GetResult());
        });
    }

    [Fact]
    public async Task An_actor_that_sends_a_message_this_way_goes_on_with_its_own_turn()
    {
        var thread = 0;
        var second = await StartAsync((_, _) => thread = Environment.CurrentManagedThreadId);
        var first = Sys.ActorOf(Props.Create(() => new Bringer(second)));

        await Eventually.TrueAsync(async () =>
        {
            var (self, its) = await first.Ask<(IActorRef, int)>("answer", Patience);
            Assert.Equal(first, self);
            return thread == its;
        });
    }

    [Fact]
    public async Task A_sender_to_a_busy_actor_does_not_wait_and_order_is_kept()
    {
        using var goOn = new ManualResetEventSlim();
        using var isBusy = new ManualResetEventSlim();
        var heard = new List<object>();
        var done = new TaskCompletionSource();
        var actor = await StartAsync((_, message) =>
        {
            heard.Add(message);
            if (message is "first")
            {
                isBusy.Set();
                goOn.Wait(Patience);
            }
            else if (message is "third")
            {
                done.SetResult();
            }
        });
        actor.Tell("first");
        Assert.True(isBusy.Wait(Patience));

        ConnectionDispatcher.TellHere(actor, "second");
        ConnectionDispatcher.TellHere(actor, "third");
        goOn.Set();
        await done.Task.WaitAsync(Patience);

        Assert.Equal(["first", "second", "third"], heard);
    }

    private static void OnThread(Action work)
    {
        Exception? failure = null;
        var thread = new Thread(() => failure = Record.Exception(work));
        thread.Start();
        thread.Join();
        Assert.Null(failure);
    }

    /// <summary>Waits until it has begun.</summary>
    private async Task<IActorRef> StartAsync(Action<IActorContext, object> handle)
    {
        var actor = Sys.ActorOf(Props.Create(() => new Handler(handle)).WithDispatcher(ConnectionDispatcher.Path));
        await actor.Ask<ActorIdentity>(new Identify(null), Patience);
        return actor;
    }

    private sealed class Bringer(IActorRef to) : UntypedActor
    {
        protected override void OnReceive(object message)
        {
            ConnectionDispatcher.TellHere(to, message);
            Sender.Tell((Self, Environment.CurrentManagedThreadId));
        }
    }

    private sealed class Handler(Action<IActorContext, object> handle) : UntypedActor
    {
        protected override void OnReceive(object message) => handle(Context, message);
    }
}
