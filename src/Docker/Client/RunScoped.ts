/** Containers with the lifetime of a scope. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { v7 } from "uuid"
import type { Container, ContainerSpec } from "./Container.js"
import type { Containers, CreateError, StartError, WaitError } from "./Contract.js"

/**
 * Creates a container in the scope and starts it. Only the creation cannot be interrupted; an interrupted start removes
 * the container too.
 */
export const make =
  (containers: Pick<Containers, "create" | "start" | "inspect" | "remove">) =>
  (spec: ContainerSpec): Effect.Effect<Container, CreateError | StartError | WaitError, Scope.Scope> =>
    Effect.gen(function* () {
      const name = spec.name ?? (yield* Effect.sync(() => `effect-deployers-scoped-${v7()}`))
      const remove = (container: string) => Effect.ignoreLogged(containers.remove(container, { force: true }))
      const create = containers.create({ ...spec, name })
      // Only this call knows a generated name: after a lost answer the container with that name is this one.
      const found = spec.name === undefined ? Effect.tapErrorTag(create, "OutcomeUnknown", () => remove(name)) : create
      const id = yield* Effect.acquireRelease(found, remove)
      yield* containers.start(id)
      return yield* containers.inspect(id)
    })
