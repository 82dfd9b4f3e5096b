using System.ComponentModel.DataAnnotations;

namespace Danmaku.Node.Options;

/// <summary>Where an origin keeps its rooms. Bound from <c>Danmaku:Store</c>; a bad value stops the node at start.</summary>
public sealed class StoreOptions : IValidatableObject
{
    public const string Section = NodeOptions.Section + ":Store";

    /// <summary>
    /// <c>sqlite</c>: a file in the data directory, for a cluster with one origin. <c>postgresql</c>: a database, for any number of origins. <c>memory</c>:
    /// rooms end with their origin. Default <c>sqlite</c>.
    /// </summary>
    public StoreKind Kind { get; set; } = StoreKind.Sqlite;

    /// <summary>How to reach PostgreSQL, such as <c>Host=db;Username=danmaku;Password=…;Database=danmaku</c>.</summary>
    public string ConnectionString { get; set; } = "";

    /// <summary>
    /// How long a danmaku waits for the store. After that it is shown anyway, and its acknowledgement says that it is not durable. 100 ms to 1 min, default 2
    /// s.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:01:00")]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Most danmaku of one room that wait for a store that is away; more are refused with <c>unavailable</c>. 100 to 1,000,000, default 10,000.
    /// </summary>
    [Range(100, 1_000_000)]
    public int MaxUnsaved { get; set; } = 10_000;

    /// <summary>The same over all rooms of an origin, of about 300 bytes each. 1000 to 100,000,000, default 500,000.</summary>
    [Range(1000, 100_000_000)]
    public int MaxUnsavedPerOrigin { get; set; } = 500_000;

    /// <summary>
    /// How many danmaku of each room are kept: the newest, and all that are younger than <c>Danmaku:Room:PostIdWindow</c>. 1000 to 1,000,000,000, default
    /// 100,000.
    /// </summary>
    [Range(1000, 1_000_000_000)]
    public int MaxComments { get; set; } = 100_000;

    /// <summary>How long a danmaku is kept. 1 hour to 10 years, default 7 days.</summary>
    [Range(typeof(TimeSpan), "01:00:00", "3650.00:00:00")]
    public TimeSpan MaxAge { get; set; } = TimeSpan.FromDays(7);

    /// <summary>How long a starting node waits for PostgreSQL before it ends. 0 to 10 min, default 1 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00")]
    public TimeSpan StartTimeout { get; set; } = TimeSpan.FromMinutes(1);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Kind == StoreKind.Postgresql && ConnectionString.Length == 0)
        {
            yield return new ValidationResult("is needed when Kind is postgresql", [nameof(ConnectionString)]);
        }
    }
}

/// <summary>The kinds of store.</summary>
public enum StoreKind
{
    Sqlite,
    Postgresql,
    Memory,
}
