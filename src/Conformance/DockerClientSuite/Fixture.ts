/** The engine under test, as the suite needs it. */
import type { Vitest } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { v7 } from "uuid"
import type { ContainerSpec } from "../../Docker/Client/Container.js"
import { DockerClient } from "../../Docker/DockerClient.js"
import { FakeEngine, layer as layerEngine } from "../FakeEngine.js"

/**
 * The program of a container. `runs` until `SIGTERM` (143); `ignores` writes `ready` as soon as it ignores `SIGTERM`;
 * `writes` `out` and `err` (to the stream of that name) and ends; `missing` is a program that does not exist; a number ends
 * at once with that code.
 *
 * @category models
 * @since 0.1.0
 */
export type Program = "runs" | "ignores" | "missing" | "writes" | { readonly exits: number }

/**
 * The engine under test, as the suite needs it.
 *
 * @category services
 * @since 0.1.0
 */
export class DockerClientFixture extends Context.Tag("effect-deployers/Testing/DockerClientFixture")<
  DockerClientFixture,
  {
    /** Name of an image that holds the programs. */
    readonly image: string
    /** Label that only this run of the suite gives, also to the image. */
    readonly label: { readonly name: string; readonly value: string }
    /** Returns the specification of a container with the program. */
    readonly program: (program: Program) => Pick<ContainerSpec, "entrypoint" | "command">
    /** Has a process of the host listen on a port of 127.0.0.1 as long as the scope lives; answers the port. */
    readonly occupiedPort: Effect.Effect<number, never, Scope.Scope>
    /** A free port of the host. */
    readonly freePort: Effect.Effect<number>
    /** A tar archive of one small file. */
    readonly archive: Uint8Array
  }
>() {}

/**
 * The methods that declare a law.
 *
 * @category models
 * @since 0.1.0
 */
export type It = Vitest.MethodsNonLive<DockerClient | DockerClientFixture, true>

/**
 * A client, and specifications that carry the run's label.
 *
 * @category operations
 * @since 0.1.0
 */
export const setting = Effect.gen(function* () {
  const docker = yield* DockerClient
  const fixture = yield* DockerClientFixture
  const labels = { [fixture.label.name]: fixture.label.value }
  const spec = (program: Program, more: Partial<ContainerSpec> = {}): ContainerSpec => ({
    image: fixture.image,
    labels,
    init: true,
    stopGrace: "10 seconds",
    ...fixture.program(program),
    ...more
  })
  /** A container that is made, not started, and removed with the scope. */
  const created = (program: Program, more: Partial<ContainerSpec> = {}) =>
    Effect.acquireRelease(docker.containers.create(spec(program, more)), (id) =>
      Effect.orDie(docker.containers.remove(id, { force: true }))
    )
  /** Starts a container and waits until it writes `ready`. */
  const startedReady = (id: string) =>
    Effect.zipRight(
      docker.containers.start(id),
      docker.containers.logs(id, { follow: true }).pipe(
        Stream.takeUntil(({ text }) => text === "ready"),
        Stream.runDrain
      )
    )
  return { docker, fixture, labels, spec, created, startedReady }
})

/**
 * A name nothing else has.
 *
 * @category operations
 * @since 0.1.0
 */
export const freshName: Effect.Effect<string> = Effect.sync(() => `effect-deployers-suite-${v7()}`)

/**
 * The engine that runs nothing, for the suite.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerFake: Layer.Layer<DockerClient | FakeEngine | DockerClientFixture> = Layer.provideMerge(
  Layer.effect(
    DockerClientFixture,
    Effect.gen(function* () {
      const engine = yield* FakeEngine
      const label = { name: "effect-deployers.suite", value: yield* freshName }
      const image = "effect-deployers-suite:fake"
      yield* engine.addImage({ tags: [image], labels: { [label.name]: label.value } })
      yield* engine.behave(({ command = [] }) => behaviours(command))
      let port = 20_000
      return {
        image,
        label,
        program: (program) => ({ command: typeof program === "string" ? [program] : ["exits", String(program.exits)] }),
        occupiedPort: Effect.acquireRelease(
          Effect.tap(
            Effect.sync(() => ++port),
            (port) => engine.occupy(port)
          ),
          (port) => engine.release(port)
        ),
        freePort: Effect.sync(() => ++port),
        archive: new Uint8Array(1_024)
      }
    })
  ),
  layerEngine()
)

const behaviours = ([program, code]: ReadonlyArray<string>) => {
  switch (program) {
    case "ignores":
      return { logs: ["ready"], onTerm: "ignores" as const }
    case "missing":
      return { startable: false }
    case "exits":
      return { exit: { code: Number(code) } }
    case "writes":
      return {
        logs: ["out", { stream: "stderr" as const, text: "err" }],
        exit: { code: 0, after: "20 millis" as const }
      }
    default:
      return {}
  }
}
