/** Kubeconfig files, contexts, plugins and tokens. */
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { connect, type Options } from "../../src/Kubernetes/Client/Configuration.js"
import { KubernetesClient, layer, types } from "../../src/Kubernetes/KubernetesClient.js"

interface Entry {
  readonly server?: string
  readonly user?: object
  readonly namespace?: string
}

/** A kubeconfig with one context of each name, as JSON, which is YAML as well. */
const kubeconfig = (entries: Readonly<Record<string, Entry>>, current = Object.keys(entries)[0]) =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": current,
    clusters: Object.entries(entries).map(([name, { server }]) => ({
      name,
      // The official client takes a server without TLS only with this field.
      cluster: { server: server ?? `https://${name}.test`, "insecure-skip-tls-verify": server !== undefined }
    })),
    users: Object.entries(entries).map(([name, { user }]) => ({ name, user: user ?? {} })),
    contexts: Object.entries(entries).map(([name, { namespace }]) => ({
      name,
      context: { cluster: name, user: name, namespace }
    }))
  })

/** The paths of files with these contents. */
const written = (...texts: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const folder = yield* fs.makeTempDirectoryScoped()
    return yield* Effect.forEach(texts, (text, index) => {
      const path = `${folder}/config-${index + 1}`
      return Effect.as(fs.writeFileString(path, text), path)
    })
  }).pipe(Effect.provide(NodeContext.layer))

const headersOf = (options: Options) =>
  Effect.flatMap(connect(options), ({ credentials }) => Effect.map(credentials, ({ headers }) => headers))

/** The failure of a list of pods. */
const failureOf = (options: Options) =>
  Effect.flip(Effect.flatMap(KubernetesClient, ({ list }) => list(types.pods, "default"))).pipe(
    Effect.provide(layer(options))
  )

const plugin = (script: string) => ({
  exec: { apiVersion: "client.authentication.k8s.io/v1", command: "sh", args: ["-c", script], interactiveMode: "Never" }
})

describe("the configuration of a cluster", () => {
  it.scoped("K19: comes from several files, and the first one has the current context", () =>
    Effect.gen(function* () {
      const files = yield* written(
        kubeconfig({ work: { namespace: "team" }, home: {} }, "work"),
        kubeconfig({ other: {} }, "other")
      )
      assert.deepStrictEqual((yield* connect({ kubeconfig: files })).cluster, {
        server: "https://work.test",
        context: "work",
        namespace: "team"
      })
      assert.deepStrictEqual((yield* connect({ kubeconfig: files, context: "other" })).cluster, {
        server: "https://other.test",
        context: "other",
        namespace: "default"
      })
    })
  )

  it.scoped("K19: fails with the files, the context that is asked for and those that are there", () =>
    Effect.gen(function* () {
      const files = yield* written(kubeconfig({ work: {}, home: {} }))
      const [file = ""] = files
      const unknown = yield* Effect.flip(connect({ kubeconfig: files, context: "wrok" }))
      assert.include(unknown.message, file)
      assert.include(unknown.message, 'no context "wrok" with a cluster (contexts: work, home)')
      const missing = yield* Effect.flip(connect({ kubeconfig: ["/nowhere/config"] }))
      assert.match(missing.message, /^The cluster at \/nowhere\/config could not be asked to read its configuration/)
      const [broken = ""] = yield* written("clusters: [")
      assert.include((yield* Effect.flip(connect({ kubeconfig: [broken] }))).message, broken)
    })
  )

  it.scoped("K19: asks the plugin of the context for a token", () =>
    Effect.gen(function* () {
      const credential = JSON.stringify({
        apiVersion: "client.authentication.k8s.io/v1",
        kind: "ExecCredential",
        status: { token: "of-the-plugin" }
      })
      const files = yield* written(kubeconfig({ work: { user: plugin(`echo '${credential}'`) } }))
      assert.deepInclude(yield* headersOf({ kubeconfig: files }), { Authorization: "Bearer of-the-plugin" })
    })
  )

  it.scopedLive("K19: fails with the context whose plugin fails, and with the words of the plugin", () =>
    Effect.gen(function* () {
      const files = yield* written(kubeconfig({ work: { user: plugin("echo 'log in first' >&2; exit 1") } }))
      const error = yield* failureOf({ kubeconfig: files })
      assert.strictEqual(error._tag, "ClusterUnreachable")
      assert.match(error.message, /the credentials of the context "work" could not be read \(.*log in first/s)
    })
  )

  it.scopedLive("K19: says to log in again when the API does not accept a token any more", () =>
    Effect.gen(function* () {
      const port = yield* Effect.acquireRelease(
        Effect.async<readonly [number, () => void]>((resume) => {
          const server = createServer((_, response) => {
            response.writeHead(401, { "content-type": "application/json" })
            response.end(JSON.stringify({ kind: "Status", status: "Failure", message: "token is expired", code: 401 }))
          })
          server.listen(0, "127.0.0.1", () =>
            resume(Effect.succeed([(server.address() as AddressInfo).port, () => server.close()]))
          )
        }),
        ([, close]) => Effect.sync(close)
      )
      const files = yield* written(
        kubeconfig({ work: { server: `http://127.0.0.1:${port[0]}`, user: { token: "old" } } })
      )
      const error = yield* failureOf({ kubeconfig: files })
      assert.strictEqual(error._tag, "ApiForbidden")
      assert.match(error.message, /token is expired\. Log in again, or choose another context\.$/)
    })
  )
})
