/**
 * Traces, metrics and logs for a collector of OpenTelemetry. The exporter is that of `@effect/opentelemetry`, which the
 * pipeline brings, so only bundles that ask for it contain it; it needs no SDK of OpenTelemetry.
 */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Tracer from "effect/Tracer"
import * as Sampler from "./Internal/Sampler.js"
import { TraceState } from "./Internal/TraceState.js"

export { TraceState } from "./Internal/TraceState.js"

/**
 * The options of an exporter, as `Otlp.layerJson` and `Otlp.layerProtobuf` of `@effect/opentelemetry` take them.
 *
 * @category models
 * @since 0.2.0
 */
export interface OtlpOptions {
  readonly baseUrl: string
  readonly headers?: Record<string, string>
  readonly resource?: { readonly serviceName?: string | undefined }
}

/**
 * An exporter, such as `Otlp.layerJson` of `@effect/opentelemetry`.
 *
 * @category models
 * @since 0.2.0
 */
export type Otlp = (options: OtlpOptions) => Layer.Layer<never, never, HttpClient.HttpClient>

/**
 * Exports traces, metrics and logs as the standard variables of OpenTelemetry say. Without `OTEL_EXPORTER_OTLP_ENDPOINT`, or
 * with `OTEL_SDK_DISABLED=true`, it is an empty layer, and runs cost nothing for it.
 *
 * **Details**
 *
 * `OTEL_EXPORTER_OTLP_HEADERS` may be a secret. `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` describe the service;
 * `serviceName` is the name without the variable. `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG` choose the traces;
 * default `parentbased_always_on`.
 *
 * @category layers
 * @since 0.2.0
 */
export const layer = (
  otlp: Otlp,
  options: { readonly serviceName: string }
): Layer.Layer<never, ConfigError.ConfigError> =>
  Layer.unwrapEffect(
    Effect.gen(function* () {
      const { endpoint, headers, isDisabled, sampler, serviceName } = yield* settings
      if (isDisabled || Option.isNone(endpoint)) return Layer.empty
      const name = Option.getOrElse(serviceName, () => options.serviceName)
      const exporter = otlp({ baseUrl: endpoint.value, headers, resource: { serviceName: name } }).pipe(
        Layer.provide(FetchHttpClient.layer)
      )
      return Layer.provideMerge(sampled(sampler), exporter)
    })
  )

/**
 * A client that sends the `tracestate` of the caller beside `traceparent`.
 *
 * @category combinators
 * @since 0.2.0
 */
export const withTraceState = <E, R>(client: HttpClient.HttpClient.With<E, R>): HttpClient.HttpClient.With<E, R> =>
  HttpClient.mapRequestEffect(client, (request) =>
    Effect.map(Effect.option(Effect.currentParentSpan), (span) =>
      Option.match(Option.flatMap(span, traceStateOf), {
        onNone: () => request,
        onSome: (state) => HttpClientRequest.setHeader(request, "tracestate", state)
      })
    )
  )

// internal

const settings = Config.all({
  isDisabled: Config.withDefault(Config.boolean("OTEL_SDK_DISABLED"), false),
  endpoint: Config.option(
    Config.validate(Config.nonEmptyString("OTEL_EXPORTER_OTLP_ENDPOINT"), {
      message: 'must be a URL such as "http://collector:4318"',
      validation: (text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)
    })
  ),
  headers: Config.map(Config.option(Config.redacted("OTEL_EXPORTER_OTLP_HEADERS")), (text) =>
    Option.match(text, { onNone: () => ({}), onSome: (secret) => headersOf(Redacted.value(secret)) })
  ),
  serviceName: Config.option(Config.nonEmptyString("OTEL_SERVICE_NAME")),
  sampler: Config.all({
    name: Config.withDefault(
      Config.literal(
        "always_on",
        "always_off",
        "traceidratio",
        "parentbased_always_on",
        "parentbased_always_off",
        "parentbased_traceidratio"
      )("OTEL_TRACES_SAMPLER"),
      "parentbased_always_on"
    ),
    ratio: Config.validate(Config.withDefault(Config.number("OTEL_TRACES_SAMPLER_ARG"), 1), {
      message: "must be a number from 0 to 1",
      validation: (ratio) => ratio >= 0 && ratio <= 1
    })
  })
})

/** `name=value,name=value`, each percent-encoded (W3C Baggage). */
const headersOf = (text: string): Record<string, string> =>
  Object.fromEntries(
    text.split(",").flatMap((pair) => {
      const at = pair.indexOf("=")
      const name = pair.slice(0, at).trim()
      return at <= 0 || name === "" ? [] : [[name, decoded(pair.slice(at + 1).trim())]]
    })
  )

const decoded = (text: string): string => (/%(?![0-9a-f]{2})/i.test(text) ? text : decodeURIComponent(text))

const sampled = (sampler: Sampler.Sampler): Layer.Layer<never> =>
  Layer.unwrapEffect(Effect.map(Effect.tracer, (tracer) => Layer.setTracer(Sampler.sampled(tracer, sampler))))

const traceStateOf = (span: Tracer.AnySpan): Option.Option<string> =>
  span._tag === "ExternalSpan" ? Context.getOption(span.context, TraceState) : Option.flatMap(span.parent, traceStateOf)
