/** Callers of a cluster's Service while its pods are replaced. */
import * as Http from "node:http"
import { assert, describe, layer } from "@effect/vitest"
import { Console, Effect } from "effect"
import { KubernetesDeployer } from "../../src/Kubernetes/KubernetesDeployer.js"
import { underLoad } from "../Load.js"
import { post } from "../RawCaller.js"
import { fromFile, hasCluster, layerKubernetes } from "./KubernetesFixture.js"

const scopedAgent = Effect.acquireRelease(
  Effect.sync(() => new Http.Agent({ keepAlive: true, maxSockets: 4, scheduling: "fifo" })),
  (agent) => Effect.sync(() => agent.destroy())
)

const replaces = 2

// Several pods share no run store in a file, and the requests of this test need no records.
const settings = {
  replicas: 2,
  stopDelayMillis: 10_000,
  serving: { recording: "none" },
  auth: { _tag: "none" }
} as const

describe.runIf(hasCluster)("with a cluster", () => {
  layer(layerKubernetes(), { excludeTestServices: true, timeout: "2 minutes" })("callers of a Service", (it) => {
    it.scoped(
      "K08 K09: see no failed request across replaces, with connections that they keep and with new ones",
      () =>
        Effect.gen(function* () {
          const deployer = yield* KubernetesDeployer
          const snapshots = [yield* fromFile("paced.ts", "first"), yield* fromFile("paced.ts", "second")]
          const replace = (round: number) =>
            deployer.provision(snapshots[round % 2] ?? "", { name: "called", settings })
          const made = yield* replace(0)
          const agent = yield* scopedAgent
          const ask = (number: number) =>
            Effect.filterOrFail(
              post(`${made.url}/invoke`, { parameters: { number, millis: 1 } }, number % 2 === 0 && agent),
              ({ status }) => status === 200,
              ({ json, status }) => `${status} ${JSON.stringify(json)}`
            )
          const [last, { failed, failures, requests }] = yield* underLoad({ callers: 6, restMillis: 10, ask }, () =>
            Effect.reduce(Array.from({ length: replaces }), made, (_, __, index) => replace(index + 1))
          )
          yield* Console.log(`cluster: ${requests} requests across ${replaces} replaces of two pods, ${failed} failed`)
          assert.deepStrictEqual([failed, failures], [0, []])
          assert.deepStrictEqual([last.generation, last.url], [replaces + 1, made.url])
          yield* deployer.delete("called")
        }),
      600_000
    )
  })
})
