/** The endpoints that describe a service: health, info, metrics, proof, documents and pages. */
import { IncomingMessage } from "node:http"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Api from "../../Contract/Api.js"
import type * as Responses from "../../Contract/Responses.js"
import * as Routes from "../../Contract/Routes.js"
import { RunStore } from "../../Store/RunStore.js"
import * as DeploymentPage from "../Pages/DeploymentPage.js"
import * as ReferencePage from "../Pages/ReferencePage.js"
import type * as Script from "../Pages/Script.js"
import * as Metrics from "../Run/Metrics.js"
import * as Response from "../Run/Response.js"
import { Service } from "../Run/Service.js"
import * as Health from "./Health.js"
import { KeyRing } from "./KeyRing.js"
import * as PublicPrefix from "./PublicPrefix.js"
import { ServiceInfo } from "./ServiceInfo.js"
import * as ServiceProof from "./ServiceProof.js"
import type { Contract } from "./SessionHandlers.js"

/** Implements the endpoints of health. */
export const layerHealth = (api: Contract) =>
  HttpApiBuilder.group(api, "health", (handlers) =>
    Effect.gen(function* () {
      const answers = yield* Health.answers
      return handlers
        .handleRaw("health", () => Effect.sync(() => Response.toResponse(answers.health())))
        .handleRaw("ready", () => Effect.sync(() => Response.toResponse(answers.ready())))
        .handleRaw("live", () => Effect.sync(() => Response.toResponse(answers.live())))
    })
  )

/** Implements the descriptions of the service: its info, metrics, proof, documents and pages. */
export const layer = (api: Contract) =>
  HttpApiBuilder.group(api, "service", (handlers) =>
    Effect.gen(function* () {
      const info = yield* infoOf
      const metrics = yield* metricsOf
      const prove = ServiceProof.make((yield* ServiceInfo).manifest, (yield* KeyRing).digests)
      const { docs, openApi, root } = yield* documents
      return handlers
        .handle("info", () => info)
        .handleRaw("metrics", ({ request }) => metrics(request.headers["accept"]))
        .handleRaw("proof", ({ request }) =>
          Effect.sync(() => Response.toResponse(prove(request.url, localPortOf(request))))
        )
        .handleRaw("openApi", () => openApi)
        .handleRaw("docs", shown(docs))
        .handleRaw("root", shown(root))
    })
  )

// internal

const infoOf = Effect.gen(function* () {
  const { manifest, spec, startedAt } = yield* ServiceInfo
  const keys = yield* KeyRing
  const store = yield* RunStore
  const fleet = yield* Service
  const described = yield* Effect.cached(Effect.orDie(spec))
  const { digest, id, pipelineName, version } = manifest.snapshot
  const paths = Object.fromEntries(Routes.make(manifest.serving).map((route) => [route.name, route.path]))
  return Effect.gen(function* (): Effect.fn.Return<typeof Responses.Info.Type> {
    const { description, error, input, name, output } = yield* described
    const counts = yield* Effect.option(Effect.zipRight(fleet.flush, store.counts))
    const now = yield* DateTime.now
    return {
      deployment: manifest.deployment,
      generation: manifest.generation,
      snapshot: { id, name: `${pipelineName}@${version}`, version, digest },
      pipeline: {
        name,
        ...(description === undefined ? {} : { description }),
        input,
        output,
        ...(error === undefined ? {} : { error })
      },
      paths,
      authEnabled: keys.isRequired,
      ...(Option.isSome(counts) ? { counts: counts.value } : {}),
      startedAt,
      uptimeMillis: DateTime.distance(startedAt, now)
    }
  })
})

/** The port of the connection; unknown for requests that come from no socket of Node. */
const localPortOf = ({ source }: HttpServerRequest.HttpServerRequest): number | undefined =>
  source instanceof IncomingMessage ? source.socket.localPort : undefined

const metricsOf = Effect.map(
  Service,
  ({ report }) =>
    (accept: string | undefined) =>
      Effect.map(report, ({ counters, ...gauges }) =>
        Metrics.prefersOpen(accept)
          ? HttpServerResponse.text(Metrics.renderOpen(counters, gauges), { contentType: Metrics.openContentType })
          : HttpServerResponse.text(Metrics.render(counters, gauges), { contentType: Metrics.contentType })
      )
)

/** The documents of a service with the paths that its callers use, which start with the path of its mount, or of a proxy. */
const documents = Effect.gen(function* () {
  const { manifest, pipeline } = yield* ServiceInfo
  const authEnabled = (yield* KeyRing).isRequired
  const members = (pipeline.app?.parts ?? []).flatMap((part) => (part._tag === "Member" ? [part.name] : []))
  const prefixOf = PublicPrefix.make(manifest.serving.trustedProxies)
  const atPrefix = <A>(make: (prefix: string) => Effect.Effect<A>) =>
    Effect.map(Effect.cached(make("")), (unprefixed) =>
      Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => {
        const prefix = prefixOf(request)
        return prefix === "" ? unprefixed : make(prefix)
      })
    )
  const servingAt = (prefix: string) => ({ ...manifest.serving, rootUrlPath: prefix + manifest.serving.rootUrlPath })
  const openApi = yield* Effect.cached(Effect.sync(() => Api.toOpenApi(pipeline, manifest.serving, { authEnabled })))
  return {
    openApi: yield* atPrefix((prefix) =>
      Effect.map(openApi, (document) =>
        Response.toResponse(
          Response.ofJson(200, JSON.stringify(prefix === "" ? document : { ...document, servers: [{ url: prefix }] }))
        )
      )
    ),
    docs: yield* atPrefix((prefix) => {
      const at = Routes.paths(servingAt(prefix))
      const { invoke } = Routes.paths(manifest.serving)
      return ReferencePage.make({
        title: manifest.serving.about.title ?? pipeline.name,
        openApiPath: at.openApi,
        invokePath: invoke,
        rootPath: at.root
      })
    }),
    root: yield* atPrefix((prefix) => DeploymentPage.make(servingAt(prefix), { authEnabled, members }))
  }
})

const shown =
  <R>(page: Effect.Effect<Script.Page, never, R>) =>
  ({ request }: { readonly request: HttpServerRequest.HttpServerRequest }) =>
    Effect.catchAll(
      Effect.flatMap(page, (answer) => answer(request)),
      (error) => Effect.succeed(Response.toResponse(Response.ofError(error)))
    )
