namespace Danmaku.Core.Drain;

/// <summary>When each viewer of an edge that stops is told to go, so that they do not knock elsewhere all at once.</summary>
public static class DrainPlan
{
    /// <summary>Few viewers leave at this rate; more leave faster only because the window is not longer.</summary>
    public const int ViewersPerSecond = 200;

    /// <summary>Over how long the viewers are spread.</summary>
    /// <param name="longest">The window of those who are many.</param>
    public static TimeSpan Window(int viewers, TimeSpan longest)
    {
        var needed = TimeSpan.FromSeconds((double)viewers / ViewersPerSecond);
        return needed < longest ? needed : longest;
    }

    /// <summary>
    /// Puts the viewers in a random order and gives each a moment of the window. The window is cut into as many equal parts as there are
    /// viewers, and each moment is a random one of its part: any moment for any viewer, and never many at a time.
    /// </summary>
    /// <param name="random">0 to 1, without 1.</param>
    /// <returns>Moments counted from the window's beginning, ascending.</returns>
    public static IReadOnlyList<(T Viewer, TimeSpan At)> Spread<T>(IReadOnlyCollection<T> viewers, TimeSpan longest, Func<double> random)
    {
        T[] order = [.. viewers];
        for (var last = order.Length - 1; last > 0; last--)
        {
            var other = (int)(random() * (last + 1));
            (order[last], order[other]) = (order[other], order[last]);
        }

        var part = Window(order.Length, longest) / Math.Max(1, order.Length);
        return [.. order.Select((viewer, i) => (viewer, part * (i + random())))];
    }
}
