namespace Danmaku.HttpCache.Policy;

/// <summary>
/// <c>CDN-Cache-Control</c> and others like it: targeted fields of RFC 9213, Dictionaries of RFC 9651 §3.2. If a valid one is present, caches like this one use
/// it instead of <c>Cache-Control</c> and <c>Expires</c>; an invalid one is ignored as a whole (RFC 9213 §2.2).
/// </summary>
public static class TargetedCacheControl
{
    public const string FieldName = "CDN-Cache-Control";

    /// <summary>The directives that a response's fields set for this cache.</summary>
    /// <returns>Also whether they are targeted, so that <c>Cache-Control</c> and <c>Expires</c> do not count.</returns>
    internal static (CacheControl Control, bool IsTargeted) Followed(IReadOnlyList<HttpField> response, CacheRules rules)
    {
        foreach (var name in rules.TargetedFields)
        {
            if (Parse(response.Combined(name)) is { } targeted)
            {
                return (targeted, true);
            }
        }

        return (CacheControl.Parse(response.Combined("Cache-Control")), false);
    }

    /// <param name="value">All field lines joined by commas.</param>
    /// <returns>Null when it is absent, empty or not a Dictionary.</returns>
    internal static CacheControl? Parse(string? value)
    {
        if (value is null)
        {
            return null;
        }

        var reader = new Reader(value);
        var parsed = new CacheControl();
        var members = new Dictionary<string, string?>();
        reader.SkipSpaces();
        while (!reader.IsAtEnd)
        {
            if (!reader.TryReadMember(members) || !reader.TryReadSeparator())
            {
                return null;
            }
        }

        // Of a repeated key the last counts (RFC 9651 §4.2.2).
        foreach (var (name, argument) in members)
        {
            parsed = argument == Reader.False ? parsed : parsed.With(name, argument);
        }

        return members.Count == 0 ? null : parsed with { IsPresent = true };
    }

    private ref struct Reader(ReadOnlySpan<char> text)
    {
        public const string False = "?0";

        private ReadOnlySpan<char> _rest = text;

        public readonly bool IsAtEnd => _rest.IsEmpty;

        public void SkipSpaces() => _rest = _rest.Trim(' ');

        public bool TryReadMember(Dictionary<string, string?> members)
        {
            if (!TryReadKey(out var key))
            {
                return false;
            }

            string? value = null;
            if (TrySkip('=') && !TryReadItem(out value))
            {
                return false;
            }

            members[key] = value;
            return TryReadParameters();
        }

        /// <summary>A comma with a member after it, or the end.</summary>
        public bool TryReadSeparator()
        {
            _rest = _rest.TrimStart(" \t");
            if (_rest.IsEmpty)
            {
                return true;
            }

            if (!TrySkip(','))
            {
                return false;
            }

            _rest = _rest.TrimStart(" \t");
            return !_rest.IsEmpty;
        }

        private bool TryReadParameters()
        {
            while (TrySkip(';'))
            {
                _rest = _rest.TrimStart(' ');
                if (!TryReadKey(out _) || (TrySkip('=') && !TryReadItem(out _)))
                {
                    return false;
                }
            }

            return true;
        }

        private bool TryReadKey(out string key)
        {
            var length = 0;
            while (length < _rest.Length && (char.IsAsciiLetterLower(_rest[length]) || _rest[length] == '*'
                || (length > 0 && (char.IsAsciiDigit(_rest[length]) || _rest[length] is '_' or '-' or '.'))))
            {
                length++;
            }

            key = Take(length);
            return length > 0;
        }

        /// <summary>A value for <see cref="CacheControl"/>: null for true, digits for an Integer, "x" for types that no directive has.</summary>
        private bool TryReadItem(out string? value)
        {
            value = null;
            if (_rest.IsEmpty)
            {
                return false;
            }

            switch (_rest[0])
            {
                case '?':
                    value = _rest.StartsWith("?1") ? null : False;
                    return _rest.Length > 1 && _rest[1] is '0' or '1' && Take(2).Length == 2;

                case '"':
                    return TryReadString(out value);

                case '(':
                    // Inner lists have no meaning for a cache: a field with one is refused rather than half understood.
                    return false;

                default:
                    return TryReadBare(out value);
            }
        }

        private bool TryReadString(out string? value)
        {
            value = null;
            for (var i = 1; i < _rest.Length; i++)
            {
                if (_rest[i] == '"')
                {
                    value = Take(i + 1);
                    return true;
                }

                if (_rest[i] == '\\' && (++i == _rest.Length || _rest[i] is not ('"' or '\\')))
                {
                    return false;
                }
            }

            return false;
        }

        /// <summary>An Integer; or a Token or Decimal, which are not times.</summary>
        private bool TryReadBare(out string? value)
        {
            var length = _rest.IndexOfAny(",; \t");
            var text = Take(length < 0 ? _rest.Length : length);
            value = text.Length <= 15 && !text.AsSpan().ContainsAnyExceptInRange('0', '9') ? text : "x";
            return text.Length > 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || "-.:/*!#$%&'+^_`|~".Contains(c, StringComparison.Ordinal));
        }

        private bool TrySkip(char c)
        {
            if (_rest.IsEmpty || _rest[0] != c)
            {
                return false;
            }

            _rest = _rest[1..];
            return true;
        }

        private string Take(int length)
        {
            var taken = _rest[..length].ToString();
            _rest = _rest[length..];
            return taken;
        }
    }
}
