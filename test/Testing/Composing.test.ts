// A deployment program of several services: one calls another, and a failure takes back what was deployed before it.
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import { Client, Deployer, Snapshot } from "effect-deployers"
import { SecretStore } from "effect-deployers/Store"
import { InMemoryDeployer, InMemoryEngine } from "effect-deployers/Testing"
import { quotes } from "./composing/pipelines/quotes.js"

const fileOf = (name: string) => fileURLToPath(new URL(`./composing/pipelines/${name}.ts`, import.meta.url))

/** Provisions, and deletes the deployment when the scope ends in failure. */
const provisioned = (file: string, options: Deployer.ProvisionOptions) =>
  Effect.gen(function* () {
    const deployer = yield* Deployer.Deployer
    const snapshot = yield* Snapshot.fromFile(fileOf(file))
    return yield* Effect.acquireRelease(deployer.getOrCreate(snapshot, options), ({ name }, exit) =>
      Exit.isSuccess(exit) ? Effect.void : Effect.orDie(deployer.delete(name))
    )
  })

const deployAll = (third: "broken" | "catalog") =>
  Effect.gen(function* () {
    const deployer = yield* Deployer.Deployer
    const secrets = yield* SecretStore.SecretStore
    const catalog = yield* provisioned("catalog", { name: "catalog" })
    const key = yield* deployer.authKey("catalog")
    if (key !== undefined) yield* secrets.set("CATALOG_KEY", key)
    yield* provisioned("quotes", {
      name: "quotes",
      settings: { environment: { CATALOG_URL: catalog.url ?? "" }, secrets: ["CATALOG_KEY"] }
    })
    yield* provisioned(third, { name: "third", settings: { timeoutMillis: 15_000 } })
  }).pipe(Effect.scoped)

describe("a program that deploys several services", () => {
  it.effect("one service calls another by its URL and key, and both record their runs", () =>
    Effect.gen(function* () {
      yield* deployAll("catalog")
      const { totalCents } = yield* Client.make(quotes, "quotes").invoke({ items: ["pen", "paper"] })
      assert.strictEqual(totalCents, 800)
      assert.lengthOf((yield* Client.runs("catalog")).runs, 2)
      assert.lengthOf((yield* Client.runs("quotes")).runs, 1)
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("a service that cannot start fails the program, which takes the others back", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(deployAll("broken"))
      assert.strictEqual(error._tag, "DeploymentProvisionFailed")
      assert.include(error.message, "no model here")
      const { instances } = yield* InMemoryEngine.InMemoryEngine
      assert.deepStrictEqual([...instances.keys()], [])
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )
})
