/** `deployers snapshot delete`. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Bundle from "../Bundle.js"
import { Deployer } from "../Deployer.js"
import { SnapshotInUse, SnapshotNotFound } from "../Errors/Lifecycle.js"
import { SnapshotStore } from "../Store/SnapshotStore.js"
import { json, print } from "./Common.js"
import { UsageError } from "./Failure.js"

export const remove = Command.make(
  "delete",
  { ref: Args.text({ name: "snapshot" }).pipe(Args.withDescription("An id, or name@version.")), json },
  ({ json, ref }) =>
    Effect.gen(function* () {
      const store = yield* SnapshotStore
      const found = yield* store.find(ref)
      if (Option.isNone(found)) return yield* new SnapshotNotFound({ ref })
      const { id, label, pipelineName } = found.value
      if (ref === pipelineName) {
        return yield* new UsageError({
          message: `"${ref}" is a pipeline, and its newest snapshot is ${label}.`,
          hint: `Say which one is meant, such as ${label}; \`deployers snapshot list --pipeline ${ref}\` shows them.`
        })
      }
      if (!(yield* store.remove(id))) return yield* new SnapshotInUse({ snapshot: label, uses: yield* usesOf(id) })
      yield* Effect.ignoreLogged(removeUnusedBundles)
      yield* print(json, { deleted: id, snapshot: label }, () => `Snapshot ${label} is deleted.`)
    })
).pipe(Command.withDescription("Delete a snapshot that no deployment uses."))

// internal

const removeUnusedBundles = Effect.gen(function* () {
  const store = yield* SnapshotStore
  const bundler = yield* Bundle.Bundler
  const snapshots = yield* store.list()
  yield* bundler.removeUnused(new Set(snapshots.map(({ bundle }) => bundle.digest)))
})

/** Generations that could be served again need their snapshot, too. */
const usesOf = (id: string) =>
  Effect.gen(function* () {
    const deployer = yield* Deployer
    const uses = yield* Effect.forEach(yield* deployer.list(), ({ name }) =>
      Effect.map(
        Effect.orElseSucceed(deployer.revisions(name), () => []),
        (revisions) => ({
          deployment: name,
          generations: revisions
            .filter(({ snapshotId }) => snapshotId === id)
            .map(({ generation }) => generation)
            .sort((a, b) => a - b)
        })
      )
    )
    return uses.filter(({ generations }) => generations.length > 0)
  })
