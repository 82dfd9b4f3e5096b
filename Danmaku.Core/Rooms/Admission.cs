namespace Danmaku.Core.Rooms;

/// <summary>Decides who may join a room, and under which name. Nothing else decides that.</summary>
public interface IAdmission
{
    AdmissionResult Admit(AdmissionRequest request);
}

/// <param name="Name">The requested name, unchecked; null for any name.</param>
/// <param name="Token">A credential, unchecked.</param>
public sealed record AdmissionRequest(RoomId Room, string? Name, string? Token);

/// <summary>An identity or a refusal.</summary>
public abstract record AdmissionResult
{
    private AdmissionResult()
    {
    }

    public sealed record Admitted(string Name) : AdmissionResult;

    /// <param name="Reason">The reason, for the person.</param>
    public sealed record Refused(string Reason) : AdmissionResult;
}

/// <summary>Admits everybody whose name may be shown; generates a name for those without one.</summary>
/// <param name="random">The source of generated names.</param>
public sealed class OpenAdmission(Func<int> random) : IAdmission
{
    public AdmissionResult Admit(AdmissionRequest request)
    {
        if (string.IsNullOrWhiteSpace(request.Name))
        {
            return new AdmissionResult.Admitted("guest-" + (random() & 0xffff).ToString("x4", System.Globalization.CultureInfo.InvariantCulture));
        }

        return TextRules.Check(request.Name, TextRules.MaxNameChars, out var name) is { } reason
            ? new AdmissionResult.Refused("name: " + reason.Name())
            : new AdmissionResult.Admitted(name);
    }
}
