using System.Text.Json.Serialization;
using Microsoft.OpenApi;

namespace Danmaku.Node.Endpoints;

/// <summary>What the endpoints of every server of a node have in common.</summary>
internal static class Api
{
    /// <param name="title">Of its description.</param>
    public static void AddApi(this IServiceCollection services, string title)
    {
        services.AddProblemDetails();
        services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = false);
        services.AddOpenApi("v1", api =>
        {
            api.AddDocumentTransformer((document, _, _) =>
            {
                document.Info.Title = title;
                return Task.CompletedTask;
            });

            // What has a converter of ours is not known to be an integer.
            api.AddSchemaTransformer((schema, context, _) =>
            {
                if (Nullable.GetUnderlyingType(context.JsonTypeInfo.Type) is var inner && (inner ?? context.JsonTypeInfo.Type) == typeof(long))
                {
                    (schema.Type, schema.Format) = (inner is null ? JsonSchemaType.Integer : JsonSchemaType.Integer | JsonSchemaType.Null, "int64");
                }

                return Task.CompletedTask;
            });
        });
        services.ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.NumberHandling = JsonNumberHandling.Strict;
            json.SerializerOptions.Converters.Add(new IntegerConverter());

            // What is nested in fields that nobody knows is passed over, however deep; the length of a body is bounded.
            json.SerializerOptions.MaxDepth = int.MaxValue;
            json.SerializerOptions.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
        });
    }

    /// <summary>Makes problem documents of failures and of empty answers, and gives all answers the headers that they share.</summary>
    public static void UseProblems(this IApplicationBuilder app)
    {
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        app.Use((context, next) =>
        {
            context.Response.Headers.XContentTypeOptions = "nosniff";
            context.Response.Headers.CacheControl = "no-store";
            return HasReadableHost(context.Request)
                ? next(context)
                : Problems.WriteAsync(context, StatusCodes.Status400BadRequest, "The Host is no name.");
        });
    }

    /// <summary>Whether whoever looks at <see cref="HttpRequest.Host"/> gets one: where it should be an international name, the framework decodes it.</summary>
    private static bool HasReadableHost(HttpRequest request)
    {
        try
        {
            return !request.Headers.Host.ToString().Contains("xn--", StringComparison.OrdinalIgnoreCase) || request.Host.HasValue;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
