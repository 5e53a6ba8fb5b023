import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { digest } from "../../../src/Server/Http/BearerAuth.js"
import * as ShareLinks from "../../../src/Server/Http/ShareLinks.js"
import { cli, json, World } from "../support.js"

const deploy = (name: string, ...more: ReadonlyArray<string>) => cli(["deploy", "weather.ts", "--name", name, ...more])

/** The claims of a link, as a service reads them that has the key of a deployment. */
const claimsIn = (url: string, key: unknown, id: unknown) =>
  ShareLinks.verify(
    url.split("#share=")[1],
    [{ id: "own", digest: digest(String(key)), scopes: ["admin"] }],
    String(id)
  )

layer(World)("share", (it) => {
  it.effect("prints the URL of the page with a token behind the #, and says when it ends", () =>
    Effect.gen(function* () {
      const { authKey, id, url } = json(yield* deploy("shared", "--json"))
      const said = yield* cli(["share", "shared", "--for", "2h"])
      assert.include(said.stderr, "It permits reading until ")
      assert.isTrue(said.stdout.startsWith(`${url}/#share=share1.`))
      assert.notInclude(said.stdout, String(authKey))
      assert.deepInclude(claimsIn(said.stdout.trim(), authKey, id), { expiresAt: 2 * 3_600_000, invoke: false })
      const invoking = json(yield* cli(["share", "shared", "--for", "2h", "--invoke", "--json"]))
      assert.deepInclude(invoking, { permits: ["read", "invoke"], expiresAt: "1970-01-01T02:00:00.000Z" })
      const runId = "01a229e9-42b8-71a1-9b02-6510e046b926"
      const ofRun = json(yield* cli(["share", "shared", "--for", "1d", "--run", runId, "--json"]))
      assert.deepInclude(claimsIn(String(ofRun["url"]), authKey, id), { runId })
    })
  )

  it.effect("--revoke gives the deployment a new key, and the old one signs no link any more", () =>
    Effect.gen(function* () {
      const { authKey, id } = json(yield* deploy("revoked", "--json"))
      const revoked = json(yield* cli(["share", "revoked", "--revoke", "--json"]))
      assert.isTrue(revoked["revoked"])
      assert.notStrictEqual(revoked["authKey"], authKey)
      const { stdout } = yield* cli(["share", "revoked", "--for", "1h"])
      assert.isUndefined(claimsIn(stdout.trim(), authKey, id))
      assert.isDefined(claimsIn(stdout.trim(), revoked["authKey"], id))
      assert.include((yield* cli(["auth", "list", "revoked"])).stdout, "retiring")
    })
  )

  it.effect("refuses what a link cannot be, and names the way out", () =>
    Effect.gen(function* () {
      yield* deploy("open", "--auth", "none")
      yield* deploy("locked", "--protected-endpoints", "page")
      const refused = (...args: ReadonlyArray<string>) =>
        Effect.map(cli(["share", ...args]), ({ exitCode, stderr }) => {
          assert.strictEqual(exitCode, 2)
          return stderr
        })
      assert.include(yield* refused("open", "--for", "1h"), "asks for no key")
      assert.include(yield* refused("locked", "--for", "1h"), "asks for a key, which a browser does not send")
      assert.include(yield* refused("open"), "The time of the link is missing.")
      assert.include(yield* refused("open", "--for", "31d"), "30 days at most")
      assert.include(yield* refused("open", "--for", "1h", "--run", "x"), "is no id of a run")
      assert.include(yield* refused("open", "--revoke", "--for", "1h"), "cannot be combined")
      assert.strictEqual((yield* cli(["share", "missing", "--for", "1h"])).exitCode, 1)
    })
  )
})
