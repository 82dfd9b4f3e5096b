using System.ComponentModel.DataAnnotations;
using Danmaku.Core.Rooms;

namespace Danmaku.Node.Options;

/// <summary>All options of a node, read and checked once at start.</summary>
public sealed record NodeSettings(
    NodeOptions Node, ConnectionOptions Connection, RoomOptions Room, ClusterOptions Cluster, StoreOptions Store, CacheOptions Cache, OperatorOptions Operator)
{
    public AuthOptions Auth { get; init; } = new();

    /// <summary>Whether this node answers for content from a cache.</summary>
    public bool HasCache => Node.IsEdge && Cache.Enabled;

    /// <summary>Room in a post for its other fields, whichever way they are written.</summary>
    private const int OtherFieldsBytes = 1024;

    /// <summary>Most bytes in a client's message: as many as it says, and never less than a post of the greatest length may take.</summary>
    public int MaxMessageBytes => Math.Max(
        Connection.MaxMessageBytes,
        Math.Max(TextRules.MaxJsonBytes(Room.MaxTextChars) + OtherFieldsBytes, TextRules.MaxBytes(Room.MaxPlainTextChars)));

    /// <exception cref="SettingsException">A key is unknown, or a value cannot be read or is out of range.</exception>
    public static NodeSettings Read(IConfiguration configuration)
    {
        OptionKeys.Check(configuration);
        return Check(new NodeSettings(
            Read<NodeOptions>(configuration, NodeOptions.Section),
            Read<ConnectionOptions>(configuration, ConnectionOptions.Section),
            Read<RoomOptions>(configuration, RoomOptions.Section),
            Read<ClusterOptions>(configuration, ClusterOptions.Section),
            Read<StoreOptions>(configuration, StoreOptions.Section),
            Read<CacheOptions>(configuration, CacheOptions.Section),
            Read<OperatorOptions>(configuration, OperatorOptions.Section))
        {
            Auth = Read<AuthOptions>(configuration, AuthOptions.Section),
        });
    }

    /// <summary>What must hold between options of several sections.</summary>
    private static NodeSettings Check(NodeSettings settings)
    {
        if (settings.Store.Timeout >= settings.Connection.PostDeadline)
        {
            throw new SettingsException(
                $"{StoreOptions.Section}:{nameof(StoreOptions.Timeout)}: must be less than {ConnectionOptions.Section}:{nameof(ConnectionOptions.PostDeadline)}");
        }

        if (settings.Store.MaxAge < settings.Room.PostIdWindow)
        {
            throw new SettingsException(
                $"{StoreOptions.Section}:{nameof(StoreOptions.MaxAge)}: must not be less than {RoomOptions.Section}:{nameof(RoomOptions.PostIdWindow)}");
        }

        return settings;
    }

    private static T Read<T>(IConfiguration configuration, string section)
        where T : class, new()
    {
        var options = new T();
        try
        {
            Given(configuration, section).Bind(options);
        }
        catch (InvalidOperationException error)
        {
            // The binder names the key and the value.
            throw new SettingsException(error.Message, error);
        }

        var problems = new List<ValidationResult>();
        return Validator.TryValidateObject(options, new ValidationContext(options), problems, validateAllProperties: true)
            ? options
            : throw new SettingsException(string.Join("; ", problems.Select(problem =>
                $"{section}:{problem.MemberNames.FirstOrDefault()}: {problem.ErrorMessage}")));
    }

    /// <summary>A section without its nulls, which only JSON has: who writes one has said nothing, so that the default stands.</summary>
    private static IConfigurationSection Given(IConfiguration configuration, string section) =>
        new ConfigurationBuilder()
            .AddInMemoryCollection(configuration.GetSection(section).AsEnumerable().Where(setting => setting.Value is not null))
            .Build()
            .GetSection(section);
}

/// <summary>A setting with which the node cannot start; the message is one line that names its key.</summary>
public sealed class SettingsException(string message, Exception? inner = null) : Exception(message, inner);
