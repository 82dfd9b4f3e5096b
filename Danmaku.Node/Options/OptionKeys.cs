using System.Collections;
using System.ComponentModel;
using System.Reflection;

namespace Danmaku.Node.Options;

/// <summary>The configuration keys that a node knows: the properties of the option classes in <see cref="NodeSettings"/>.</summary>
internal static class OptionKeys
{
    private static readonly Option[] Known =
    [
        .. typeof(NodeSettings).GetProperties()
            .Select(property => (property.PropertyType, Section: property.PropertyType.GetField(nameof(NodeOptions.Section))?.GetRawConstantValue() as string))
            .Where(section => section.Section is not null)
            .SelectMany(section => In(section.PropertyType, section.Section!)),
    ];

    /// <summary>The full key of every option.</summary>
    public static IEnumerable<string> All => Known.Select(option => option.Key);

    /// <exception cref="SettingsException">
    /// A source has a key below <c>Danmaku</c> that is not an option. Otherwise a mistyped key would silently have no effect.
    /// </exception>
    public static void Check(IConfiguration configuration) => Check(configuration, Known);

    internal static void Check(IConfiguration configuration, IReadOnlyList<Option> known)
    {
        string[] unknown =
        [
            .. Given(configuration.GetSection(NodeOptions.Section))
                .Where(given => !known.Any(option => option.Covers(given)))
                .Select(given => $"{given.Path}: unknown; did you mean {Nearest(given.Path, known.Select(option => option.Key))}?"),
        ];
        if (unknown.Length > 0)
        {
            throw new SettingsException(string.Join(' ', unknown));
        }
    }

    /// <summary>
    /// The options of a class: properties that can be read from text, collections, which have their own keys, and the options of nested classes.
    /// </summary>
    internal static IEnumerable<Option> In(Type options, string section) =>
        options.GetProperties(BindingFlags.Public | BindingFlags.Instance).SelectMany(property => Of(property, $"{section}:{property.Name}"));

    /// <summary>The most similar known key: one in another section with the same last part, else the one with the fewest characters to change.</summary>
    internal static string Nearest(string key, IEnumerable<string> known) => known
        .OrderByDescending(other => Last(other).Equals(Last(key), StringComparison.OrdinalIgnoreCase))
        .ThenBy(other => Distance(key.ToUpperInvariant(), other.ToUpperInvariant()))
        .First();

    private static IEnumerable<Option> Of(PropertyInfo property, string key)
    {
        var type = property.PropertyType;
        var isText = TypeDescriptor.GetConverter(type).CanConvertFrom(typeof(string));
        var isCollection = !isText && type.IsAssignableTo(typeof(IEnumerable));

        // A property without a setter is derived from other options, unless it is an object with options.
        return isText || isCollection ? property.CanWrite ? [new Option(key, isCollection)] : []
            : type.IsClass && type.Assembly == property.DeclaringType!.Assembly ? In(type, key)
            : [];
    }

    /// <summary>The keys that sources have below a section, without the sections in between.</summary>
    private static IEnumerable<IConfigurationSection> Given(IConfigurationSection section)
    {
        foreach (var child in section.GetChildren())
        {
            IConfigurationSection[] below = [.. Given(child)];
            foreach (var given in below.Length == 0 || child.Value is not null ? below.Prepend(child) : below)
            {
                yield return given;
            }
        }
    }

    private static string Last(string key) => key[(key.LastIndexOf(':') + 1)..];

    /// <summary>How many insertions, deletions and replacements of characters turn one text into the other (Levenshtein).</summary>
    private static int Distance(string from, string to)
    {
        int[] row = [.. Enumerable.Range(0, to.Length + 1)];
        for (var i = 1; i <= from.Length; i++)
        {
            (var diagonal, row[0]) = (row[0], i);
            for (var j = 1; j <= to.Length; j++)
            {
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (from[i - 1] == to[j - 1] ? 0 : 1)));
            }
        }

        return row[^1];
    }

    /// <param name="IsCollection">Whether it may have any keys below it.</param>
    internal sealed record Option(string Key, bool IsCollection)
    {
        /// <summary>Whether the given section is this option, or inside it, or an empty section around it.</summary>
        public bool Covers(IConfigurationSection given) =>
            Key.Equals(given.Path, StringComparison.OrdinalIgnoreCase)
            || (IsCollection && IsBelow(given.Path, Key))
            || (given.Value is null && IsBelow(Key, given.Path));

        private static bool IsBelow(string key, string section) => key.StartsWith(section + ":", StringComparison.OrdinalIgnoreCase);
    }
}
