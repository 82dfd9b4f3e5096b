using System.Text.Json;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;

namespace Danmaku.Node.Endpoints;

/// <summary>The JSON in a request's body. It is UTF-8, whatever charset the content type names (RFC 8259 §8.1, §11).</summary>
internal static class JsonBody
{
    /// <returns>The value, or the answer when the body is invalid.</returns>
    public static async Task<(T? Value, IResult? Problem)> ReadAsync<T>(HttpContext context, CancellationToken cancellation)
        where T : class
    {
        if (!context.Request.HasJsonContentType())
        {
            return (null, Results.Problem(statusCode: StatusCodes.Status415UnsupportedMediaType));
        }

        var options = context.RequestServices.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions;
        try
        {
            return await JsonSerializer.DeserializeAsync<T>(context.Request.Body, options, cancellation) is { } value
                ? (value, null)
                : (null, NotOfThisForm(null));
        }
        catch (JsonException error)
        {
            return (null, NotOfThisForm(error.Path));
        }
        catch (IOException error)
        {
            return (null, Results.Problem(statusCode: Problems.GiveUpBody(context, error)));
        }
    }

    /// <param name="path">The invalid part, such as <c>$.at</c>; null or <c>$</c> for the whole body.</param>
    private static IResult NotOfThisForm(string? path) => Results.Problem(
        path is null or "$" ? "The body is not valid JSON for this request." : $"The body is not valid JSON for this request: see {path}.",
        statusCode: StatusCodes.Status400BadRequest);
}
