import { createHash } from "node:crypto"
import { FileSystem, Path } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect } from "effect"
import { config } from "../../../src/Docker/Client/Configuration.js"
import { resolve } from "../../../src/Docker/Client/Endpoint.js"

/** A configuration folder of the Docker command line with one context, which is current. */
const folderWith = (host: string, certificates: boolean) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const folder = yield* fs.makeTempDirectoryScoped()
    const digest = createHash("sha256").update("far").digest("hex")
    const meta = path.join(folder, "contexts", "meta", digest)
    yield* fs.makeDirectory(meta, { recursive: true })
    yield* fs.writeFileString(path.join(folder, "config.json"), JSON.stringify({ currentContext: "far", auths: {} }))
    yield* fs.writeFileString(
      path.join(meta, "meta.json"),
      JSON.stringify({ Name: "far", Endpoints: { docker: { Host: host } } })
    )
    if (certificates) {
      const tls = path.join(folder, "contexts", "tls", digest, "docker")
      yield* fs.makeDirectory(tls, { recursive: true })
      for (const name of ["ca", "cert", "key"]) yield* fs.writeFileString(path.join(tls, `${name}.pem`), name)
    }
    return folder
  })

describe("Endpoint", () => {
  it.scoped("reads sockets and addresses", () =>
    Effect.gen(function* () {
      const socket = yield* resolve({ host: "unix:///run/engine.sock" })
      assert.deepStrictEqual(socket, {
        host: { url: "unix:///run/engine.sock", remote: false, hostname: "127.0.0.1", private: true },
        connection: { type: "socket", path: "/run/engine.sock" }
      })
      const remote = yield* resolve({ host: "tcp://engine.example:1234" })
      assert.deepStrictEqual(remote.host, {
        url: "tcp://engine.example:1234",
        remote: true,
        hostname: "engine.example",
        private: false
      })
      assert.deepInclude(remote.connection, { type: "tcp", port: 1234, tls: undefined })
      const local = yield* resolve({ host: "http://localhost:2375" })
      assert.deepInclude(local.host, { remote: false, hostname: "127.0.0.1", private: true })
      const six = yield* resolve({ host: "tcp://[::1]" })
      assert.deepInclude(six.connection, { hostname: "::1", port: 2375 })
    }).pipe(Effect.provide(NodeContext.layer))
  )

  it.scoped("follows the current context, with its certificates", () =>
    Effect.gen(function* () {
      const configuration = yield* folderWith("tcp://10.0.0.7:2376", true)
      const found = yield* resolve({ configuration })
      assert.deepStrictEqual(found.host, {
        url: "tcp://10.0.0.7:2376",
        remote: true,
        hostname: "10.0.0.7",
        private: true
      })
      assert.deepInclude(found.connection, { tls: { ca: "ca", cert: "cert", key: "key" } })
      const named = yield* resolve({ configuration, host: "unix:///other.sock" })
      assert.strictEqual(named.host.url, "unix:///other.sock")
      const byDefault = yield* resolve({ configuration, context: "default" })
      assert.match(byDefault.host.url, /^unix:\/\//)
    }).pipe(Effect.provide(NodeContext.layer))
  )

  it.scoped("says what cannot be used, and what to do", () =>
    Effect.gen(function* () {
      const configuration = yield* folderWith("unix:///x", false)
      const ssh = yield* Effect.flip(resolve({ host: "ssh://me@far" }))
      assert.match(ssh.reason, /ssh -L/)
      const odd = yield* Effect.flip(resolve({ host: "ftp://far" }))
      assert.match(odd.reason, /unix:\/\/\/path/)
      const unknown = yield* Effect.flip(resolve({ configuration, context: "nearer" }))
      assert.match(`${unknown.host} ${unknown.reason}`, /context "nearer"/)
      const bare = yield* Effect.flip(resolve({ host: "tcp://far:2376", certificates: configuration }))
      assert.match(bare.reason, /ca\.pem/)
    }).pipe(Effect.provide(NodeContext.layer))
  )

  it.scoped("talks without TLS to another machine only at an address that was given", () =>
    Effect.gen(function* () {
      const given = { host: "tcp://engine.example:2375" }
      assert.isFalse((yield* resolve(given)).host.private)
      assert.isTrue((yield* resolve({ ...given, tls: true })).host.private)
      assert.isTrue((yield* resolve({ host: "tcp://engine.example:2376" })).host.private)
      const configuration = yield* folderWith("tcp://10.0.0.7:2375", true)
      assert.isTrue((yield* resolve({ configuration })).host.private)
      // Without settings the engine is searched for on this machine only.
      for (const options of [{}, { tls: false }, { apiVersion: "1.41" }]) {
        const found = yield* resolve({ ...options, configuration: "/nowhere" })
        assert.deepInclude(found.host, { remote: false, private: true })
      }
    }).pipe(Effect.provide(NodeContext.layer))
  )

  it.effect("reads the environment; what is empty is not said", () =>
    Effect.gen(function* () {
      const environment = new Map([
        ["DOCKER_HOST", ""],
        ["DOCKER_CONTEXT", "far"],
        ["DOCKER_TLS_VERIFY", "1"],
        ["DOCKER_API_VERSION", "1.41"]
      ])
      const options = yield* Effect.withConfigProvider(config, ConfigProvider.fromMap(environment))
      assert.deepInclude(options, { host: undefined, context: "far", tls: true, apiVersion: "1.41" })
    })
  )
})
