import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Redacted, Stream, TestClock } from "effect"
import { Deployer, Errors, Stack } from "effect-deployers"
import { ref } from "effect-deployers/Config"
import { InMemoryDeployer, InMemoryEngine } from "effect-deployers/Testing"
import { SnapshotStore } from "../../src/Store/SnapshotStore.js"

const snapshot = (name: string, digest: string = name) =>
  Effect.flatMap(SnapshotStore, (snapshots) => snapshots.put(InMemoryDeployer.draft(name, digest)))

/** A shop that refers to a catalog, each with a version of its pipeline. */
const shopAndCatalog = (versions: { readonly shop?: string; readonly catalog?: string } = {}) =>
  Effect.gen(function* () {
    return yield* Stack.make({
      deployments: {
        shop: {
          pipeline: yield* snapshot("shop", versions.shop),
          environment: { CATALOG_URL: ref("catalog").url, PLAIN: "1" },
          secrets: { CATALOG_KEY: ref("catalog").key }
        },
        catalog: { pipeline: yield* snapshot("catalog", versions.catalog), timeoutMillis: 90_000 }
      }
    })
  })

/** The serving instances by name: version, variables and secrets. */
const serving = Effect.gen(function* () {
  const { instances } = yield* InMemoryEngine.InMemoryEngine
  const deployer = yield* InMemoryDeployer.InMemoryDeployer
  const deployments = yield* deployer.list()
  return Object.fromEntries(
    deployments.map(({ generation, id, name, url }) => {
      const request = instances.get(`${id}/${generation}`)?.request
      const secrets = Object.entries(request?.secrets ?? {}).map(
        ([key, value]) => [key, Redacted.value(value)] as const
      )
      return [
        name,
        {
          version: request?.snapshot.bundle.digest,
          environment: request?.settings.environment ?? {},
          secrets: Object.fromEntries(secrets),
          url: url ?? ""
        }
      ] as const
    })
  )
})

const flow = (name: string) => Effect.map(serving, (all) => all[name])

describe("Stack", () => {
  it.effect("deploys in the order of references, with the URL and the key of one in the other", () =>
    Effect.gen(function* () {
      const deployer = yield* InMemoryDeployer.InMemoryDeployer
      const { changed, deployments } = yield* Stack.deploy(yield* shopAndCatalog())
      assert.isTrue(changed)
      assert.deepStrictEqual(
        deployments.map((one) => [one.key, one.changed, one.deployment.generation]),
        [
          ["catalog", true, 1],
          ["shop", true, 1]
        ]
      )
      const catalog = yield* deployer.get("catalog")
      const key = yield* deployer.authKey("catalog")
      assert.deepInclude(yield* flow("shop"), {
        environment: { CATALOG_URL: catalog.url ?? "", PLAIN: "1" },
        secrets: { CATALOG_KEY: Redacted.value(key ?? Redacted.make("")) }
      })
      assert.notInclude(JSON.stringify(yield* deployer.revisions("shop")), Redacted.value(key ?? Redacted.make("")))
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("makes no new generation without a change, and only the needed ones with one", () =>
    Effect.gen(function* () {
      yield* Stack.deploy(yield* shopAndCatalog())
      const again = yield* Stack.deploy(yield* shopAndCatalog())
      assert.isFalse(again.changed)
      assert.deepStrictEqual(
        again.deployments.map(({ changed, deployment }) => [changed, deployment.generation]),
        [
          [false, 1],
          [false, 1]
        ]
      )
      const newShop = yield* Stack.deploy(yield* shopAndCatalog({ shop: "shop-2" }))
      assert.deepStrictEqual(
        newShop.deployments.map(({ changed, key }) => [key, changed]),
        [
          ["catalog", false],
          ["shop", true]
        ]
      )
      const deployer = yield* InMemoryDeployer.InMemoryDeployer
      yield* deployer.reprovision("catalog", { rotateAuthKey: true })
      const rotated = yield* Stack.deploy(yield* shopAndCatalog({ shop: "shop-2" }))
      assert.deepStrictEqual(
        rotated.deployments.map(({ changed, key }) => [key, changed]),
        [
          ["catalog", false],
          ["shop", true]
        ]
      )
      const key = yield* deployer.authKey("catalog")
      assert.deepStrictEqual((yield* flow("shop"))?.secrets, { CATALOG_KEY: Redacted.value(key ?? Redacted.make("")) })
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("removes new deployments when one fails, and fails with its failure", () =>
    Effect.gen(function* () {
      const engine = yield* InMemoryEngine.InMemoryEngine
      const deployer = yield* InMemoryDeployer.InMemoryDeployer
      yield* engine.behave("shop", "crashes")
      const error = yield* Effect.flip(Stack.deploy(yield* shopAndCatalog()))
      assert.instanceOf(error, Errors.DeploymentProvisionFailed)
      assert.deepStrictEqual(yield* deployer.list(), [])
      assert.strictEqual(engine.instances.size, 0)
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("returns changed deployments to their old version, with the references of the others intact", () =>
    Effect.gen(function* () {
      const engine = yield* InMemoryEngine.InMemoryEngine
      yield* Stack.deploy(yield* shopAndCatalog())
      yield* engine.behave("shop", "crashes")
      const stack = yield* shopAndCatalog({ catalog: "catalog-2", shop: "shop-2" })
      yield* engine.behave("shop", "crashes")
      const failing = Effect.flip(Stack.deploy(stack))
      const restoring = Effect.gen(function* () {
        const deployer = yield* InMemoryDeployer.InMemoryDeployer
        yield* deployer.events.pipe(
          Stream.filter(({ deploymentName, type }) => deploymentName === "shop" && type === "instance_removed"),
          Stream.runHead
        )
        yield* engine.behave("shop", "healthy")
      })
      const [error] = yield* Effect.all([failing, restoring], { concurrency: 2 })
      assert.instanceOf(error, Errors.DeploymentProvisionFailed)
      const all = yield* serving
      assert.strictEqual(all["catalog"]?.version, "catalog")
      assert.strictEqual(all["shop"]?.version, "shop")
      assert.strictEqual(all["shop"]?.environment["CATALOG_URL"], all["catalog"]?.url)
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("returns to the old version when it is interrupted", () =>
    Effect.gen(function* () {
      const engine = yield* InMemoryEngine.InMemoryEngine
      const deployer = yield* InMemoryDeployer.InMemoryDeployer
      yield* Stack.deploy(yield* shopAndCatalog())
      yield* engine.behave("shop", "silent")
      const stack = yield* shopAndCatalog({ catalog: "catalog-2", shop: "shop-2" })
      const fiber = yield* Effect.fork(Stack.deploy(stack))
      yield* deployer.events.pipe(
        Stream.filter(({ deploymentName, type }) => deploymentName === "shop" && type === "instance_started"),
        Stream.runHead
      )
      assert.strictEqual((yield* deployer.get("catalog")).generation, 2)
      yield* engine.behave("shop", "healthy")
      yield* Fiber.interrupt(fiber)
      const all = yield* serving
      assert.strictEqual(all["catalog"]?.version, "catalog")
      assert.strictEqual(all["shop"]?.version, "shop")
      assert.strictEqual(all["shop"]?.environment["CATALOG_URL"], all["catalog"]?.url)
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("deploys independent deployments at the same time", () =>
    Effect.gen(function* () {
      const engine = yield* InMemoryEngine.InMemoryEngine
      yield* Effect.forEach(["a", "b", "c"], (name) => engine.behave(name, "slow"))
      const stack = yield* Stack.make({
        deployments: {
          a: { pipeline: yield* snapshot("a") },
          b: { pipeline: yield* snapshot("b") },
          c: { pipeline: yield* snapshot("c"), environment: { A: ref("a").url } }
        }
      })
      const fiber = yield* Effect.fork(Stack.deploy(stack))
      yield* TestClock.adjust("22 seconds")
      const deployer = yield* InMemoryDeployer.InMemoryDeployer
      assert.deepStrictEqual(
        (yield* deployer.list()).map(({ name, status }) => [name, status]),
        [
          ["a", "running"],
          ["b", "running"],
          ["c", "pending"]
        ]
      )
      yield* TestClock.adjust("22 seconds")
      assert.strictEqual((yield* Fiber.join(fiber)).deployments.length, 3)
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("deploys the named deployments with those they refer to", () =>
    Effect.gen(function* () {
      const deployer = yield* InMemoryDeployer.InMemoryDeployer
      const stack = yield* Stack.make({
        deployments: {
          shop: { pipeline: yield* snapshot("shop"), environment: { URL: ref("catalog").url } },
          catalog: { pipeline: yield* snapshot("catalog") },
          other: { pipeline: yield* snapshot("other") }
        }
      })
      yield* Stack.deploy(stack, { only: ["shop"] })
      assert.deepStrictEqual(
        (yield* deployer.list()).map(({ name }) => name),
        ["catalog", "shop"]
      )
      const unknown = yield* Effect.flip(Stack.deploy(stack, { only: ["shpo"] }))
      assert.include(unknown.message, 'there is no deployment "shpo"; use one of')
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("gives the deployments of a stage names and settings of their own", () =>
    Effect.gen(function* () {
      const config = {
        deployments: {
          shop: {
            pipeline: yield* snapshot("shop"),
            environment: { URL: ref("catalog").url, LEVEL: "info" },
            timeoutMillis: 5_000
          },
          catalog: { pipeline: yield* snapshot("catalog") }
        },
        stages: { staging: { environment: { LEVEL: "debug" }, timeoutMillis: 7_000 } }
      }
      yield* Stack.deploy(yield* Stack.make(config))
      yield* Stack.deploy(yield* Stack.make(config, { stage: "staging" }))
      const all = yield* serving
      assert.deepStrictEqual(Object.keys(all), ["catalog", "catalog-staging", "shop", "shop-staging"])
      assert.deepStrictEqual(all["shop-staging"]?.environment, {
        URL: all["catalog-staging"]?.url ?? "",
        LEVEL: "debug"
      })
      assert.deepStrictEqual(all["shop"]?.environment, { URL: all["catalog"]?.url ?? "", LEVEL: "info" })
      const unknown = yield* Effect.flip(Stack.make(config, { stage: "prod" }))
      assert.include(unknown.message, 'there is no stage "prod"; use one of staging')
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("plans every deployment and changes none", () =>
    Effect.gen(function* () {
      const deployer = yield* InMemoryDeployer.InMemoryDeployer
      const planned = yield* Stack.plan(yield* shopAndCatalog())
      assert.deepStrictEqual(
        planned.map(({ after, name, plan }) => [name, plan.action, after]),
        [
          ["catalog", "create", []],
          ["shop", "create", ["catalog"]]
        ]
      )
      assert.deepStrictEqual(yield* deployer.list(), [])
      yield* Stack.deploy(yield* shopAndCatalog())
      const second = yield* Stack.plan(yield* shopAndCatalog({ catalog: "catalog-2" }))
      assert.deepStrictEqual(
        second.map(({ after, plan }) => [plan.changed, after]),
        [
          [true, []],
          [false, ["catalog"]]
        ]
      )
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("ignores a setting that only another deployer has, and names it in the plan", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      const other = { ...deployer, settingNames: [...deployer.settingNames, "cpus"] }
      const pipeline = yield* snapshot("shop")
      const stack = yield* Stack.make({ deployments: { shop: { pipeline, cpus: 2 } } })
      const [planned] = yield* Stack.plan(stack, { deployers: { memory: deployer, other } })
      assert.deepStrictEqual(planned?.ignored, ["cpus"])
      const unknown = yield* Stack.make({ deployments: { shop: { pipeline, deployer: "oter" } } })
      const refused = yield* Effect.flip(Stack.plan(unknown, { deployers: { memory: deployer, other } }))
      assert.include(
        refused.message,
        'deployments.shop.deployer: there is no deployer "oter"; use one of memory, other'
      )
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect("refuses a setting with the path of its field before anything is deployed", () =>
    Effect.gen(function* () {
      const deployer = yield* InMemoryDeployer.InMemoryDeployer
      const pipeline = yield* snapshot("shop")
      const deployments = { catalog: { pipeline }, shop: { pipeline, timeoutMillis: -1 } }
      const wrong = yield* Effect.flip(Stack.deploy(yield* Stack.make({ deployments })))
      assert.instanceOf(wrong, Errors.StackInvalid)
      assert.include(wrong.message, "deployments.shop.timeoutMillis")
      const misspelt = { deployments: { shop: { pipeline, timoutMillis: 1 } } }
      const unknown = yield* Effect.flip(Effect.flatMap(Stack.make(misspelt), (stack) => Stack.deploy(stack)))
      assert.include(unknown.message, "deployments.shop.timoutMillis: no deployer has a setting of this name")
      assert.deepStrictEqual(yield* deployer.list(), [])
    }).pipe(Effect.provide(InMemoryDeployer.layer))
  )

  it.effect.each<{ readonly deployments: object; readonly message: string }>([
    {
      deployments: { shop: { environment: { A: ref("nowhere").url } } },
      message: 'deployments.shop.environment.A: there is no deployment "nowhere"'
    },
    {
      deployments: { shop: { environment: { A: `${ref("shop").url}/v1` } } },
      message: "a reference cannot be a part of a text"
    },
    { deployments: { Shop: {} }, message: '"Shop" cannot name a deployment' },
    {
      deployments: { a: { environment: { B: ref("b").url } }, b: { environment: { A: ref("a").url } } },
      message: "in a circle: a -> b -> a"
    },
    { deployments: { a: { environment: { A: ref("a").url } } }, message: "in a circle: a -> a" },
    {
      deployments: { a: { auth: { _tag: "none" } }, b: { secrets: { K: ref("a").key } } },
      message: "it has no key"
    },
    {
      deployments: { a: { environment: { A: 1 } } },
      message: 'deployments.a.environment.A: must be a text or ref("NAME").url'
    }
  ])("refuses $deployments", ({ deployments, message }) =>
    Effect.gen(function* () {
      const full = Object.fromEntries(
        Object.entries(deployments).map(([name, one]) => [name, { pipeline: "./x.ts", ...one }])
      )
      const error = yield* Effect.flip(Stack.make({ deployments: full }))
      assert.include(error.message, message)
    })
  )
})
