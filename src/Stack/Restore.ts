/** The way back of a stack that failed. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { outputs, type Prepared } from "./Members.js"

/** A deployment that could not return to its old version. */
export interface NotRestored {
  readonly name: string
  readonly reason: string
}

/**
 * Returns every member that changed to its previous generation, in reverse order; a new one is deleted, one that was stopped
 * stops again. Then members that kept their version get the new URLs of those they refer to. Returns the failures.
 */
export const restore = (members: ReadonlyArray<Prepared>): Effect.Effect<ReadonlyArray<NotRestored>> =>
  Effect.gen(function* () {
    const undone = yield* Effect.forEach(members.toReversed(), (member) => attempt(member, undo(member)))
    const linked = yield* Effect.forEach(members, (member) => attempt(member, relink(member, members)))
    return [...undone, ...linked].flat()
  })

// internal

const attempt = <E extends { readonly message: string }>(
  { name }: Prepared,
  effect: Effect.Effect<unknown, E>
): Effect.Effect<ReadonlyArray<NotRestored>> =>
  Effect.map(Effect.either(effect), (result) => (Either.isRight(result) ? [] : [{ name, reason: result.left.message }]))

const undo = ({ before, name, service }: Prepared) =>
  Effect.gen(function* () {
    if (before === undefined || before.generation === 0) return yield* service.delete(name)
    const now = yield* service.get(name)
    if (now.generation === before.generation) return
    yield* service.rollback(name, { to: before.generation })
    if (before.desired === "stopped") yield* service.deprovision(name)
  })

/** A restored deployment may have another port, so the variables with its URL are given anew. */
const relink = ({ before, environment, name, service }: Prepared, members: ReadonlyArray<Prepared>) =>
  Effect.gen(function* () {
    if (before === undefined || before.desired !== "running") return
    const now = yield* service.get(name)
    const revisions = yield* service.revisions(name)
    const settings = revisions.find(({ generation }) => generation === now.generation)?.settings
    const current = variablesOf(settings)
    const urls = yield* Effect.forEach(Object.entries(environment), ([variable, value]) =>
      typeof value === "string"
        ? Effect.succeed([])
        : Effect.map(outputs(members).url(value.deployment), (url) =>
            url === undefined ? [] : [[variable, url] as const]
          )
    )
    const stale = urls.flat().filter(([variable, url]) => variable in current && current[variable] !== url)
    if (stale.length > 0) yield* service.reprovision(name, { settings: { environment: Object.fromEntries(stale) } })
  })

const variablesOf = (settings: Readonly<Record<string, unknown>> | undefined): Readonly<Record<string, unknown>> => {
  const environment = settings?.["environment"]
  return typeof environment === "object" && environment !== null ? { ...environment } : {}
}
