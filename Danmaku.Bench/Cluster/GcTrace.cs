using Danmaku.Bench.Measure;
using Microsoft.Diagnostics.Tracing;
using Microsoft.Diagnostics.Tracing.Parsers.Clr;

namespace Danmaku.Bench.Cluster;

/// <summary>The file in which a node's runtime notes its garbage collections.</summary>
public sealed record GcTrace(string Server, string File)
{
    /// <summary>
    /// The node's environment (https://learn.microsoft.com/dotnet/core/diagnostics/eventpipe): events of the garbage collector but for those
    /// of allocations, without stacks, written as they come, and without a list of all methods at the end.
    /// </summary>
    public IReadOnlyDictionary<string, string> Settings => new Dictionary<string, string>
    {
        ["DOTNET_EnableEventPipe"] = "1",
        ["DOTNET_EventPipeConfig"] = "Microsoft-Windows-DotNETRuntime:0x1:4",
        ["DOTNET_EventPipeOutputPath"] = File,
        ["DOTNET_EventPipeOutputStreaming"] = "1",
        ["DOTNET_EventPipeEnableStackwalk"] = "0",
        ["DOTNET_EventPipeRundown"] = "0",
    };

    /// <summary>Reads it when the node has ended.</summary>
    public GcPauses Read()
    {
        var suspensions = new List<Suspension>();
        try
        {
            Read(suspensions);
        }
        catch (FormatException)
        {
            // The end is missing: the node had to be killed. What it noted while it was measured is long written then.
        }

        return GcPauses.Of(Server, suspensions);
    }

    private void Read(List<Suspension> suspensions)
    {
        using var source = new EventPipeEventSource(File);
        source.Clr.GCSuspendEEStart += data => Add(
            SuspensionStage.Asked, data, data.Reason is GCSuspendEEReason.SuspendForGC or GCSuspendEEReason.SuspendForGCPrep);
        source.Clr.GCSuspendEEStop += data => Add(SuspensionStage.Stopped, data);
        source.Clr.GCRestartEEStop += data => Add(SuspensionStage.Restarted, data);
        source.Process();

        void Add(SuspensionStage stage, TraceEvent data, bool isCollection = true) =>
            suspensions.Add(new Suspension(stage, data.ThreadID, new DateTimeOffset(data.TimeStamp), isCollection));
    }
}
