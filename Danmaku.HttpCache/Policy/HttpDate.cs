using System.Globalization;

namespace Danmaku.HttpCache.Policy;

/// <summary>Dates of HTTP (RFC 9110 §5.6.7). Exact: only the three forms are dates.</summary>
internal static class HttpDate
{
    private const string Preferred = "ddd, dd MMM yyyy HH:mm:ss 'GMT'";
    private const string Rfc850 = "dddd, dd-MMM-yy HH:mm:ss 'GMT'";
    private const string Asctime = "ddd MMM d HH:mm:ss yyyy";

    /// <summary>Two-digit years are at most 50 years ahead of <paramref name="now"/>, as the RFC requires.</summary>
    public static DateTimeOffset? Parse(string? text, DateTimeOffset now)
    {
        if (text is null)
        {
            return null;
        }

        if (TryParse(text, Preferred, out var date) && date.ToString(Preferred, CultureInfo.InvariantCulture) == text)
        {
            return date;
        }

        if (TryParse(text, Rfc850, out date))
        {
            var year = (now.Year / 100 * 100) + (date.Year % 100);
            year = year > now.Year + 50 ? year - 100 : year;
            return TryMove(date, year);
        }

        return TryParse(text.Replace("  ", " ", StringComparison.Ordinal), Asctime, out date) ? date : null;
    }

    public static string Format(DateTimeOffset date) => date.UtcDateTime.ToString(Preferred, CultureInfo.InvariantCulture);

    private static DateTimeOffset? TryMove(DateTimeOffset date, int year) =>
        date.Day <= DateTime.DaysInMonth(year, date.Month)
            ? new DateTimeOffset(year, date.Month, date.Day, date.Hour, date.Minute, date.Second, TimeSpan.Zero)
            : null;

    /// <summary>Accepts a wrong day of the week in an obsolete form; .NET would refuse the date.</summary>
    private static bool TryParse(string text, string form, out DateTimeOffset date)
    {
        date = default;
        var space = text.IndexOf(' ', StringComparison.Ordinal);
        var formSpace = form.IndexOf(' ', StringComparison.Ordinal);
        return space > 0
            && (form == Asctime || text[space - 1] == ',')
            && DateTimeOffset.TryParseExact(
                text.AsSpan(space + 1), form.AsSpan(formSpace + 1), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out date);
    }
}
