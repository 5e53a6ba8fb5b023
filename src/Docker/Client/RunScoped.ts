/** Containers that live as long as a scope. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { v7 } from "uuid"
import type { Container, ContainerSpec } from "./Container.js"
import type { Containers, CreateError, StartError, WaitError } from "./Contract.js"

/**
 * Makes a container in the scope and starts it. Only making it cannot be interrupted; starting can, and the container is
 * removed all the same.
 */
export const make =
  (containers: Pick<Containers, "create" | "start" | "inspect" | "remove">) =>
  (spec: ContainerSpec): Effect.Effect<Container, CreateError | StartError | WaitError, Scope.Scope> =>
    Effect.gen(function* () {
      const name = spec.name ?? (yield* Effect.sync(() => `effect-deployers-scoped-${v7()}`))
      const remove = (container: string) => Effect.ignoreLogged(containers.remove(container, { force: true }))
      const create = containers.create({ ...spec, name })
      // A name of our own making is nobody else's: what has it after a lost reply is this container.
      const found = spec.name === undefined ? Effect.tapErrorTag(create, "OutcomeUnknown", () => remove(name)) : create
      const id = yield* Effect.acquireRelease(found, remove)
      yield* containers.start(id)
      return yield* containers.inspect(id)
    })
