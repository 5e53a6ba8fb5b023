/** Callers of a cluster's Service while a candidate serves a share of them. */
import { assert, describe, layer } from "@effect/vitest"
import { Console, Effect, Ref, Schema } from "effect"
import { KubernetesDeployer } from "../../src/Kubernetes/KubernetesDeployer.js"
import { underLoad } from "../Load.js"
import { post } from "../RawCaller.js"
import { fromFile, hasCluster, layerKubernetes } from "./KubernetesFixture.js"

// Several pods share no run store in a file, and the requests of this test need no records.
const settings = {
  replicas: 3,
  stopDelayMillis: 10_000,
  serving: { recording: "none" },
  auth: { _tag: "none" }
} as const

const Answer = Schema.Struct({ outputs: Schema.Struct({ version: Schema.Literal(1, 2) }) })

/** The answers of each version since the last reset. */
const none = { 1: 0, 2: 0 }

describe.runIf(hasCluster)("with a cluster", () => {
  layer(layerKubernetes(), { excludeTestServices: true, timeout: "2 minutes" })("callers of a canary", (it) => {
    it.scoped(
      "meet the candidate in its share, then it alone, and see no failed request",
      () =>
        Effect.gen(function* () {
          const deployer = yield* KubernetesDeployer
          const [first, second] = [yield* fromFile("paced.ts", "first"), yield* fromFile("paced.ts", "second")]
          const made = yield* deployer.provision(first, { name: "shared", settings })
          const answers = yield* Ref.make(none)
          const ask = (number: number) =>
            post(`${made.url}/invoke`, { parameters: { number, millis: 1 } }, false).pipe(
              Effect.filterOrFail(
                ({ status }) => status === 200,
                ({ json, status }) => `${status} ${JSON.stringify(json)}`
              ),
              Effect.flatMap(({ json }) => Schema.decodeUnknown(Answer)(json)),
              Effect.tap(({ outputs: { version } }) =>
                Ref.update(answers, (counts) => ({ ...counts, [version]: counts[version] + 1 }))
              )
            )
          /** The versions of the next answers. */
          const next = (amount: number) =>
            Effect.zipRight(
              Ref.set(answers, none),
              Effect.repeat(Effect.delay(Ref.get(answers), "50 millis"), {
                until: (counts) => counts[1] + counts[2] >= amount
              })
            )
          const [{ during, promoted }, { failed, failures, requests }] = yield* underLoad(
            { callers: 4, restMillis: 10, ask },
            () =>
              Effect.gen(function* () {
                yield* deployer.canaries.deploy(second, { name: "shared", percent: 25, settings })
                yield* Effect.repeat(next(20), { until: (counts) => counts[2] > 0 })
                const during = yield* next(400)
                const promoted = yield* deployer.canaries.promote("shared")
                yield* Effect.repeat(next(100), { until: (counts) => counts[1] === 0 })
                return { during, promoted }
              })
          )
          yield* Console.log(
            `cluster: ${requests} requests across a canary and its promotion, ${failed} failed; ` +
              `${during[2]} of ${during[1] + during[2]} met the candidate`
          )
          assert.deepStrictEqual([failed, failures], [0, []])
          // A quarter of 400 is 100; the chance of fewer than 50 or more than 170 is below one in a million.
          assert.isAbove(during[2], 50)
          assert.isBelow(during[2], 170)
          assert.deepStrictEqual([promoted.generation, promoted.url], [2, made.url])
          yield* deployer.delete("shared")
        }),
      600_000
    )
  })
})
