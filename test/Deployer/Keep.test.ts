import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted, TestClock } from "effect"
import { Errors } from "effect-deployers"
import { InMemoryDeployer, InMemoryEngine } from "effect-deployers/Testing"
import { SecretStore } from "../../src/Store/SecretStore.js"
import { SnapshotStore } from "../../src/Store/SnapshotStore.js"

const snapshot = (digest = "a", settings: InMemoryDraftSettings = {}) =>
  Effect.flatMap(SnapshotStore, (snapshots) => snapshots.put({ ...InMemoryDeployer.draft("a", digest), settings }))

type InMemoryDraftSettings = ReturnType<typeof InMemoryDeployer.draft>["settings"]

const said = {
  port: 8080,
  auth: { _tag: "secret", name: "DOOR" },
  environment: { A: "1", B: "1" },
  secrets: ["DOOR"],
  serving: { workers: 2 }
} as const

/** A deployment at generation 1 with the settings above, and the settings of its newest generation. */
const deployed = Effect.gen(function* () {
  const deployer = yield* InMemoryDeployer.InMemoryDeployer
  const secrets = yield* SecretStore
  yield* secrets.set("DOOR", Redacted.make("a-long-door-key"))
  yield* deployer.provision(yield* snapshot(), { name: "a", settings: said })
  const settings = Effect.map(deployer.revisions("a"), ([newest]) => newest?.settings ?? {})
  return { deployer, secrets, settings }
})

describe("Provision with keep", () => {
  it.effect("keeps every setting that the call does not give anew", () =>
    Effect.gen(function* () {
      const { deployer, settings } = yield* deployed
      const before = yield* settings
      yield* deployer.provision(yield* snapshot("next"), { name: "a", keep: true })
      assert.deepStrictEqual(yield* settings, before)
      assert.strictEqual(Redacted.value((yield* deployer.authKey("a")) ?? Redacted.make("")), "a-long-door-key")
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("merges variables and secrets by name, and replaces the others", () =>
    Effect.gen(function* () {
      const { deployer, secrets, settings } = yield* deployed
      yield* secrets.set("TOKEN", Redacted.make("t"))
      yield* deployer.provision(yield* snapshot(), {
        name: "a",
        keep: true,
        settings: { environment: { B: "2" }, secrets: ["TOKEN"], port: 8081, serving: { maxQueue: 3 } }
      })
      assert.deepInclude(yield* settings, {
        environment: { A: "1", B: "2" },
        secrets: ["DOOR", "TOKEN"],
        port: 8081,
        auth: said.auth
      })
      assert.deepInclude((yield* settings).serving, { workers: 2, maxQueue: 3 })
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("starts from the defaults without keep", () =>
    Effect.gen(function* () {
      const { deployer, settings } = yield* deployed
      yield* deployer.provision(yield* snapshot(), { name: "a", settings: { environment: { C: "3" } } })
      assert.deepInclude(yield* settings, { environment: { C: "3" }, secrets: [], auth: { _tag: "generate" } })
      assert.notProperty(yield* settings, "port")
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("takes the new settings of the pipeline over those of its old version", () =>
    Effect.gen(function* () {
      const deployer = yield* InMemoryDeployer.InMemoryDeployer
      const settings = Effect.map(deployer.revisions("a"), ([newest]) => newest?.settings ?? {})
      const first = yield* snapshot("1", { timeoutMillis: 1_000, environment: { A: "code", B: "code" } })
      yield* deployer.provision(first, { name: "a", settings: { environment: { B: "call" } } })
      const second = yield* snapshot("2", { timeoutMillis: 2_000, environment: { A: "new code", B: "new code" } })
      yield* deployer.provision(second, { name: "a", keep: true })
      assert.deepInclude(yield* settings, { timeoutMillis: 2_000, environment: { A: "new code", B: "call" } })
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("keeps the settings of a stopped deployment and those of a rollback", () =>
    Effect.gen(function* () {
      const { deployer, settings } = yield* deployed
      yield* deployer.provision(yield* snapshot(), { name: "a", settings: { environment: { Z: "9" } } })
      yield* deployer.rollback("a")
      yield* deployer.deprovision("a")
      yield* deployer.provision(yield* snapshot("next"), { name: "a", keep: true })
      assert.deepInclude(yield* settings, { port: 8080, environment: { A: "1", B: "1" }, auth: said.auth })
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect.each([
    ["port", "port"],
    ["env:A", "environment"],
    ["environment.A", "environment"],
    ["A", "environment"],
    ["environment", "environment"],
    ["secrets:DOOR", "secrets"],
    ["secret:DOOR", "secrets"],
    ["DOOR", "secrets"],
    ["auth", "auth"],
    ["workers", "serving"],
    ["serving.workers", "serving"]
  ] as const)("removes %s with unset, and nothing else", ([key, changed]) =>
    Effect.gen(function* () {
      const { deployer, settings } = yield* deployed
      const before = yield* settings
      yield* deployer.provision(yield* snapshot(), { name: "a", keep: true, unset: [key] })
      const after = yield* settings
      assert.notDeepEqual(after[changed], before[changed])
      assert.deepStrictEqual({ ...after, [changed]: 0 }, { ...before, [changed]: 0 })
      yield* deployer.provision(yield* snapshot(), { name: "a", keep: true })
      assert.deepStrictEqual(yield* settings, after)
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("removes one of several variables", () =>
    Effect.gen(function* () {
      const { deployer, settings } = yield* deployed
      yield* deployer.provision(yield* snapshot(), { name: "a", keep: true, unset: ["A", "env:missing"] })
      assert.deepStrictEqual((yield* settings).environment, { B: "1" })
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("refuses a key of unset that is unknown or ambiguous, and changes nothing", () =>
    Effect.gen(function* () {
      const { deployer, secrets, settings } = yield* deployed
      yield* secrets.set("A", Redacted.make("a"))
      yield* deployer.provision(yield* snapshot(), { name: "a", keep: true, settings: { secrets: ["A"] } })
      const before = yield* settings
      const refused = yield* Effect.flip(
        deployer.provision(yield* snapshot(), { name: "a", keep: true, unset: ["A", "prot", "serving.wrokers"] })
      )
      assert.instanceOf(refused, Errors.DeploymentInvalidSettings)
      assert.include(refused.message, "write env:A or secrets:A")
      assert.include(refused.message, '"prot" is no setting of this deployer')
      assert.include(refused.message, '"serving.wrokers"')
      assert.deepStrictEqual(yield* settings, before)
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("shows in a plan what changes and what stays", () =>
    Effect.gen(function* () {
      const { deployer } = yield* deployed
      const plan = yield* deployer.plan(yield* snapshot(), {
        name: "a",
        keep: true,
        unset: ["port"],
        settings: { environment: { B: "2" } }
      })
      assert.deepStrictEqual(
        plan.changes.map(({ path }) => path),
        ["environment.B", "port"]
      )
      assert.deepStrictEqual(plan.kept.map(({ path }) => path).sort(), [
        "auth",
        "environment.A",
        "secrets.DOOR",
        "serving.workers"
      ])
      assert.isTrue(plan.changed)
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("is no change with the same version and settings, until a secret has a new value", () =>
    Effect.gen(function* () {
      const { deployer, secrets } = yield* deployed
      const options = { name: "a", keep: true }
      assert.isFalse((yield* deployer.plan(yield* snapshot(), options)).changed)
      assert.strictEqual((yield* deployer.getOrCreate(yield* snapshot(), options)).generation, 1)
      yield* TestClock.adjust("1 minute")
      yield* secrets.set("DOOR", Redacted.make("another-long-key"))
      assert.isTrue((yield* deployer.plan(yield* snapshot(), options)).changed)
      assert.strictEqual((yield* deployer.getOrCreate(yield* snapshot(), options)).generation, 2)
      assert.isFalse((yield* deployer.plan(yield* snapshot(), options)).changed)
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )
})

describe("Secrets", () => {
  it.effect("may be the key of a deployment, which the registry has sealed only", () =>
    Effect.gen(function* () {
      const { deployer } = yield* deployed
      yield* deployer.provision(yield* snapshot("b"), {
        name: "b",
        settings: { secrets: ["DOOR", "CATALOG_KEY=key:a"] }
      })
      const deployment = yield* deployer.get("b")
      const { instances } = yield* InMemoryEngine.InMemoryEngine
      const secrets = instances.get(`${deployment.id}/1`)?.request.secrets ?? {}
      assert.deepStrictEqual(
        Object.entries(secrets).map(([name, value]) => [name, Redacted.value(value)]),
        [
          ["DOOR", "a-long-door-key"],
          ["CATALOG_KEY", "a-long-door-key"]
        ]
      )
      const [revision] = yield* deployer.revisions("b")
      assert.notInclude(JSON.stringify(revision?.settings), "a-long-door-key")
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("name the deployment whose key is missing", () =>
    Effect.gen(function* () {
      const { deployer } = yield* deployed
      const b = yield* snapshot("b")
      const settings = { secrets: ["KEY=key:nowhere"] }
      const missing = yield* Effect.flip(deployer.provision(b, { name: "b", settings }))
      assert.include(missing.message, 'KEY is the key of "nowhere", and there is no such deployment')
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )
})
