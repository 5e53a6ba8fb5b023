/** The changes that a deploy would make to the objects of a cluster, which the cluster tries without making them. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Record from "effect/Record"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { FieldChange, ObjectChange, Preview } from "../../Deployment/ObjectChange.js"
import type { DeploymentProvisionFailed, ResourceNotOwned } from "../../Errors/Lifecycle.js"
import { errorClause } from "../../Flavor/ErrorText.js"
import type { PreviewRequest } from "../../Flavor/Instance.js"
import {
  type ChangeError,
  describe,
  KubernetesClient,
  type QueryError,
  type Resource,
  types
} from "../KubernetesClient.js"
import * as Labels from "../Labels.js"
import { decodeOf, type PodImage } from "../Metadata.js"
import type { Parts } from "../Objects/Context.js"
import { contentOf } from "../Objects/Files.js"
import { identityOf } from "../Objects/Identity.js"
import { instanceObjects, intakeMap, type Planned, secretWith, sharedObjects, sharedTypes } from "../Objects/Objects.js"
import type { KubernetesSettings } from "../Settings.js"
import { requireRights } from "./Access.js"
import { apply, findOurs } from "./Apply.js"
import { BackendContext } from "./BackendContext.js"
import { differencesOf, renamed, secretDifferences } from "./Differences.js"
import { at, placeOfRequest } from "./Place.js"

type Request = PreviewRequest<KubernetesSettings>
type Needs = KubernetesClient | BackendContext

/** The failures after which no object can be tried. */
type AskError = QueryError | DeploymentProvisionFailed

/** Asks for the changes of each object that a deploy applies, and of those that it removes. */
export const preview = (request: Request): Effect.Effect<Preview, never, Needs> =>
  Effect.gen(function* () {
    const { namespace } = yield* placeOfRequest(request)
    yield* requireRights(request, namespace)
    const resolved = { ...request, settings: { ...request.settings, namespace } }
    const { deployer } = yield* BackendContext
    const parts = partsOf(resolved, deployer)
    const shared = yield* Effect.forEach([...sharedObjects(parts), intakeMap(parts)], (one) => ofShared(resolved, one))
    const own = yield* Effect.forEach(instanceObjects(parts), (one) => ofGeneration(resolved, parts, one))
    return { objects: [...shared, ...own, ...(yield* removed(resolved, [...shared, ...own]))] }
  }).pipe(Effect.catchAll((error) => Effect.succeed({ objects: [], unavailable: errorClause(error) })))

// internal

/** No secret reaches the cluster, not even as a part of the digest in a name. */
const partsOf = (request: Request, deployer: string): Parts => {
  const masked = { ...request, secrets: Record.map(request.secrets, () => Redacted.make("")) }
  return { request: masked, identity: identityOf(masked, deployer), image: imageOf(request), startReplicas: 1 }
}

/** The image is that of the generation that serves, or the deploy makes it. */
const imageOf = ({ isSame, serving, settings }: Request): PodImage => {
  const known = Option.flatMap(Option.fromNullable(serving), (one) =>
    Option.flatMap(decodeOf(one, one.metadata), ({ image }) => Option.fromNullable(image))
  )
  const isKept = isSame("image", "base", "imageRepository")
  return {
    reference: Option.match(
      Option.filter(known, () => isKept),
      {
        onNone: () => `${settings.imageRepository ?? "unknown"}:${toBuild}`,
        onSome: ({ reference }) => reference
      }
    ),
    entrypoint: Option.match(known, { onNone: () => [], onSome: ({ entrypoint }) => entrypoint })
  }
}

const toBuild = "made-by-the-deploy"

/** The object after the change, or the reason why the cluster refuses it. */
const tried = (
  planned: Planned,
  { settings: { force } }: Request
): Effect.Effect<Either.Either<Resource, string>, QueryError, KubernetesClient> =>
  apply(planned, { dryRun: true, force }).pipe(
    Effect.map(Either.right),
    Effect.catchAll((error: ChangeError) => {
      switch (error._tag) {
        case "ApiConflict":
        case "ApiRejected":
          return Effect.succeed(Either.left(errorClause(error)))
        case "OutcomeUnknown":
          return Effect.succeed(Either.left("the cluster did not answer"))
        default:
          return Effect.fail(error)
      }
    })
  )

const refused = ({ reference }: Planned, reason: string): ObjectChange => ({
  object: describe(reference),
  action: "change",
  changes: [],
  refused: reason
})

const foreign = (planned: Planned) => (error: ResourceNotOwned) => Effect.succeed(refused(planned, errorClause(error)))

/** An object of all generations changes in its place. */
const ofShared = (request: Request, planned: Planned): Effect.Effect<ObjectChange, AskError, Needs> =>
  Effect.gen(function* () {
    const found = yield* findOurs(request, planned.reference)
    const after = yield* tried(planned, request)
    if (Either.isLeft(after)) return refused(planned, after.left)
    return changeOf(describe(planned.reference), found, (before) => differencesOf(before, after.right))
  }).pipe(Effect.catchTag("ResourceNotOwned", foreign(planned)))

const changeOf = (
  object: string,
  before: Option.Option<Resource>,
  differences: (before: Resource) => ObjectChange["changes"]
): ObjectChange =>
  Option.match(before, {
    onNone: () => ({ object, action: "create", changes: [] }),
    onSome: (found) => {
      const changes = differences(found)
      return { object, action: changes.length === 0 ? "keep" : "change", changes }
    }
  })

/** An object of the new generation is a new one; its differences are those to the object whose place it takes. */
const ofGeneration = (request: Request, parts: Parts, planned: Planned): Effect.Effect<ObjectChange, AskError, Needs> =>
  Effect.gen(function* () {
    yield* findOurs(request, planned.reference)
    const isSecret = planned.reference.type === types.secrets
    const after = yield* tried(isSecret ? maskedSecret(parts, request) : planned, request)
    const object = describe({ ...planned.reference, name: shownName(planned) })
    if (Either.isLeft(after)) return { ...refused(planned, after.left), object }
    const before = yield* counterpart(request, planned)
    if (Option.isNone(before)) return { object, action: "create" as const, changes: [] }
    const { reference, resource } = before.value
    const changes = isSecret
      ? secretDifferences(entriesOf(resource), encoded(contentOf(request)))
      : differencesOf(inNewWords(request, parts, resource), after.right).map(withoutPlaceholder)
    return { object, action: "create" as const, replaces: describe(reference), changes: changes.filter(isOwn(request)) }
  }).pipe(Effect.catchTag("ResourceNotOwned", foreign(planned)))

/**
 * The manifest has the number of its generation, so it always changes. The port of nodes of a new Service is a new one, and
 * an autoscaler has the replicas.
 */
const isOwn =
  ({ settings: { autoscale } }: Request) =>
  ({ path }: FieldChange): boolean =>
    path !== '.data."manifest.json"' &&
    !path.endsWith(".nodePort") &&
    (autoscale === undefined || path !== ".spec.replicas")

const withoutPlaceholder = ({ to, ...change }: FieldChange): FieldChange => {
  if (to === undefined) return change
  return { ...change, to: typeof to === "string" && to.endsWith(`:${toBuild}`) ? "(made by the deploy)" : to }
}

/** The name of a Secret has a digest of its content, which a plan does not know. */
const shownName = ({ reference: { name, type } }: Planned): string =>
  type === types.secrets ? name.replace(/[0-9a-f]+$/, "DIGEST") : name

/** Entries of the same sizes, so that the limits of the cluster count. */
const maskedSecret = (parts: Parts, request: Request): Planned =>
  secretWith(
    parts,
    Record.map(contentOf(request), (text) => "x".repeat(Buffer.byteLength(text)))
  )

const encoded = (content: Readonly<Record<string, string>>) =>
  Record.map(content, (text) => Buffer.from(text).toString("base64"))

const decodeEntries = Schema.decodeUnknownOption(Schema.Record({ key: Schema.String, value: Schema.String }))

const entriesOf = (secret: Resource): Readonly<Record<string, string>> =>
  Option.getOrElse(decodeEntries(secret["data"]), () => ({}))

/** The object of the generation that serves. */
const counterpart = (request: Request, { reference }: Planned) =>
  Effect.gen(function* () {
    const { serving } = request
    if (serving === undefined) return Option.none()
    const found = yield* listed(request, reference.type, serving.generation)
    return Option.map(Option.fromNullable(found[0]), (resource) => ({
      resource,
      reference: { ...reference, name: resource.metadata.name }
    }))
  })

const listed = (
  { deploymentId, settings: { namespace = "" } }: Request,
  type: Planned["reference"]["type"],
  generation: number
) =>
  Effect.gen(function* () {
    const { list } = yield* KubernetesClient
    const { registryId } = yield* BackendContext
    const found = yield* list(type, namespace, Labels.ofDeployment({ registryId, deploymentId }))
    return found.filter(({ metadata }) => Number(metadata.labels[Labels.keys.generation] ?? 0) === generation)
  })

/** An object of the generation that serves with the names and the number of the new one, which differ anyway. */
const inNewWords = (request: Request, { identity }: Parts, old: Resource): unknown => {
  const generation = Number(old.metadata.labels[Labels.keys.generation] ?? 0)
  const secrets = JSON.stringify(old).match(new RegExp(`"${request.name}-g${generation}-[0-9a-f]{10}"`, "g")) ?? []
  const texts = new Map([
    ...secrets.map((quoted) => [quoted.slice(1, -1), identity.names.secret] as const),
    [Labels.names({ name: request.name, generation }).instance, identity.names.instance]
  ])
  return renamed(old, texts, new Map([[Labels.keys.generation, `${request.generation}`]]))
}

/** The objects that no generation needs after the deploy: shared ones, and an autoscaler. */
const removed = (request: Request, kept: ReadonlyArray<ObjectChange>) =>
  Effect.gen(function* () {
    const { serving, settings } = request
    if (serving === undefined) return []
    const names = new Set(kept.map(({ object }) => object))
    const candidates = [
      ...sharedTypes.map((key) => ({ type: types[key], generation: 0 })),
      ...(settings.autoscale === undefined ? [{ type: types.autoscalers, generation: serving.generation }] : [])
    ]
    const found = yield* Effect.forEach(candidates, ({ generation, type }) =>
      Effect.map(
        // A user without the right for a type that the settings do not need has no object of it.
        Effect.catchTag(listed(request, type, generation), "ApiForbidden", () =>
          Effect.succeed<ReadonlyArray<Resource>>([])
        ),
        (resources) =>
          resources.map(({ metadata: { name } }) => describe(at({ namespace: settings.namespace ?? "" }, type, name)))
      )
    )
    return found
      .flat()
      .filter((object) => !names.has(object))
      .map((object): ObjectChange => ({ object, action: "remove", changes: [] }))
  })
