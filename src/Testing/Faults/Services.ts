/** The failures of the services of a deployer. */
import { type PlatformError, SystemError } from "@effect/platform/Error"
import type { FileSystem } from "@effect/platform/FileSystem"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import { EngineError, EngineTimeout, EngineUnreachable } from "../../Docker/Client/Errors.js"
import type { DockerClient } from "../../Docker/DockerClient.js"
import { EngineUnavailable, OutcomeUnknown } from "../../Errors/Lifecycle.js"
import { StoreError, type StoreReason } from "../../Errors/Stores.js"
import type { Backend } from "../../Flavor/Backend.js"
import type * as Settings from "../../Settings.js"
import type { BuildStore } from "../../Store/BuildStore.js"
import type { DeploymentStore } from "../../Store/DeploymentStore.js"
import type { EventStore } from "../../Store/EventStore.js"
import type { SecretStore } from "../../Store/SecretStore.js"
import type { SnapshotStore } from "../../Store/SnapshotStore.js"
import { every, type Failure, type Failures } from "./Failures.js"
import type { Injector } from "./Injector.js"

const storeFails = (reason: StoreReason) => (operation: string) =>
  new StoreError({ store: "registry", operation, reason })

const storeFailure: Failure<StoreError> = { before: storeFails("busy"), after: storeFails("unreadable") }

/**
 * Busy before, a failing disk after.
 *
 * @category failures
 * @since 0.1.0
 */
export const deploymentStore: Failures<typeof DeploymentStore.Service> = every(storeFailure)

/**
 * Busy before, a failing disk after.
 *
 * @category failures
 * @since 0.1.0
 */
export const snapshotStore: Failures<typeof SnapshotStore.Service> = every(storeFailure)

/**
 * Busy before, a failing disk after.
 *
 * @category failures
 * @since 0.1.0
 */
export const secretStore: Failures<typeof SecretStore.Service> = every(storeFailure)

/**
 * Busy before, a failing disk after.
 *
 * @category failures
 * @since 0.1.0
 */
export const eventStore: Failures<typeof EventStore.Service> = every(storeFailure)

/**
 * Busy before, a failing disk after.
 *
 * @category failures
 * @since 0.1.0
 */
export const buildStore: Failures<typeof BuildStore.Service> = every(storeFailure)

const unavailable = (operation: string) =>
  new EngineUnavailable({ flavor: "faulty", operation, reason: "a fault was injected" })

const unknown = (operation: string) => new OutcomeUnknown({ operation, resource: "a faulty engine" })

const backendDeadline = "30 seconds"

const asking: Failure<EngineUnavailable> = {
  before: unavailable,
  late: { deadline: backendDeadline, error: unavailable }
}

const changing: Failure<EngineUnavailable | OutcomeUnknown> = {
  before: unavailable,
  after: unknown,
  late: { deadline: backendDeadline, error: unknown }
}

/**
 * The engine cannot be reached before, and the outcome of a change is unknown after; no answer within 30 seconds counts
 * as one of them, since backends promise an end.
 *
 * @category failures
 * @since 0.1.0
 */
export const backend = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(): Failures<
  Backend<S, SI>
> => ({ of: ofBackend.of })

const ofBackend = every<Backend<Settings.Deployment, Settings.DeploymentInput>>(asking, {
  provision: changing,
  deprovision: changing,
  destroy: changing
})

const unreachable = (operation: string) =>
  new EngineUnreachable({ operation, host: "fault://engine", reason: "a fault was injected" })

const broken = (operation: string) => new EngineError({ operation, reason: "the answer could not be read" })

const requestDeadline = "30 seconds"

const question: Failure<EngineUnreachable | EngineTimeout | EngineError> = {
  before: unreachable,
  after: broken,
  late: {
    deadline: requestDeadline,
    error: (operation) => new EngineTimeout({ operation, timeoutMillis: 30_000 })
  }
}

const request: Failure<EngineUnreachable | OutcomeUnknown> = {
  before: unreachable,
  after: unknown,
  late: { deadline: requestDeadline, error: unknown }
}

/**
 * Unreachable before; after, a question's answer cannot be read and the outcome of a change is unknown; and no call takes
 * longer than 30 seconds, as the client promises.
 *
 * @category failures
 * @since 0.1.0
 */
export const dockerClient: Failures<typeof DockerClient.Service> = every<typeof DockerClient.Service>(
  { before: unreachable },
  {
    engine: { info: question, ping: question, version: question },
    containers: {
      create: request,
      start: request,
      stop: request,
      kill: request,
      pause: request,
      unpause: request,
      remove: request,
      inspect: question,
      list: question,
      wait: question,
      logs: question
    },
    images: { inspect: question, list: question, tag: request, remove: request },
    networks: { create: request, remove: request, inspect: question, list: question },
    volumes: { create: request, remove: request, list: question }
  }
)

const ioError =
  (reason: SystemError["reason"]) =>
  (method: string): PlatformError =>
    new SystemError({ module: "FileSystem", reason, method, description: "a fault was injected" })

/**
 * A disk that is busy before and whose answer is lost after.
 *
 * @category failures
 * @since 0.1.0
 */
export const fileSystem: Failures<FileSystem> = every<FileSystem>({
  before: ioError("Busy"),
  after: ioError("Unknown")
})

/**
 * The client whose every request is an effect point.
 *
 * @category constructors
 * @since 0.1.0
 */
export const httpClient = (injector: Injector, client: HttpClient.HttpClient): HttpClient.HttpClient =>
  HttpClient.transform(client, (effect, request) =>
    injector.at(
      "http.execute",
      {
        before: () =>
          new HttpClientError.RequestError({ request, reason: "Transport", description: "a fault was injected" })
      },
      effect
    )
  )
