namespace Danmaku.Core.Drain;

/// <summary>Gives each viewer of a stopping edge its own moment to leave, so that not all of them reconnect at once.</summary>
public static class DrainPlan
{
    /// <summary>Few viewers leave at this rate; many leave faster, because the window is bounded.</summary>
    public const int ViewersPerSecond = 200;

    /// <summary>The time over which the viewers are spread.</summary>
    /// <param name="longest">The window when there are many viewers.</param>
    public static TimeSpan Window(int viewers, TimeSpan longest)
    {
        var needed = TimeSpan.FromSeconds((double)viewers / ViewersPerSecond);
        return needed < longest ? needed : longest;
    }

    /// <summary>
    /// Puts the viewers in a random order and gives each a moment of the window. The window is cut into as many equal parts as there are viewers, and each
    /// moment is a random one of its part: so any viewer may get any moment, and never many leave at once.
    /// </summary>
    /// <param name="random">At least 0 and less than 1.</param>
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
