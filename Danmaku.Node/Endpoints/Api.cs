using System.Text.Json.Serialization;
using Microsoft.OpenApi;

namespace Danmaku.Node.Endpoints;

/// <summary>Shared setup of the endpoints of all servers of a node.</summary>
internal static class Api
{
    /// <param name="title">The title of the API description.</param>
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

            // The description does not know that a type with our converter is an integer.
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

            // The content of unknown fields is skipped at any depth; the length of a body is bounded.
            json.SerializerOptions.MaxDepth = int.MaxValue;
            json.SerializerOptions.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
        });
    }

    /// <summary>Turns failures and empty error answers into problem documents, and adds the common headers to all answers.</summary>
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

    /// <summary>Whether <see cref="HttpRequest.Host"/> can be read: the framework decodes international names, which may fail.</summary>
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
