using System.ComponentModel.DataAnnotations;
using Danmaku.Core.Rooms;

namespace Danmaku.Node.Options;

/// <summary>All options of a node, read and checked once at start.</summary>
public sealed record NodeSettings(
    NodeOptions Node, ConnectionOptions Connection, RoomOptions Room, ClusterOptions Cluster, StoreOptions Store, CacheOptions Cache, OperatorOptions Operator)
{
    public AuthOptions Auth { get; init; } = new();

    /// <summary>Whether this node answers for content from the HTTP cache.</summary>
    public bool HasCache => Node.IsEdge && Cache.Enabled;

    /// <summary>Bytes of a post for its fields other than the text, in any notation.</summary>
    private const int OtherFieldsBytes = 1024;

    /// <summary>Most bytes of a client's message: the option's value, and never less than the longest allowed post may take.</summary>
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

    /// <summary>Checks the rules between options of several sections.</summary>
    private static NodeSettings Check(NodeSettings settings)
    {
        if (settings.Store.Timeout >= settings.Connection.PostDeadline)
        {
            throw new SettingsException(
                $"{StoreOptions.Section}:{nameof(StoreOptions.Timeout)}: must be less than "
                + $"{ConnectionOptions.Section}:{nameof(ConnectionOptions.PostDeadline)}");
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

    /// <summary>A section without its nulls, which only JSON has. A null means that nothing was set, so the default stays.</summary>
    private static IConfigurationSection Given(IConfiguration configuration, string section) =>
        new ConfigurationBuilder()
            .AddInMemoryCollection(configuration.GetSection(section).AsEnumerable().Where(setting => setting.Value is not null))
            .Build()
            .GetSection(section);
}

/// <summary>A setting that keeps the node from starting; the message is one line that names its key.</summary>
public sealed class SettingsException(string message, Exception? inner = null) : Exception(message, inner);
