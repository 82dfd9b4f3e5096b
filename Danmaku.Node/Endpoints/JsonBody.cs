using System.Text.Json;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;

namespace Danmaku.Node.Endpoints;

/// <summary>The JSON in a request's body. It is UTF-8 whatever charset its type names (RFC 8259 §8.1, §11).</summary>
internal static class JsonBody
{
    /// <returns>What it holds, or the answer to one who has sent something else.</returns>
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
            return await JsonSerializer.DeserializeAsync<T>(context.Request.Body, options, cancellation) is { } value ? (value, null) : (null, NotOfThisForm(null));
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

    /// <param name="path">What is wrong in it, as in <c>$.at</c>; null or <c>$</c> for all of it.</param>
    private static IResult NotOfThisForm(string? path) => Results.Problem(
        path is null or "$" ? "The body is not valid JSON for this request." : $"The body is not valid JSON for this request: see {path}.",
        statusCode: StatusCodes.Status400BadRequest);
}
