import { it } from "@effect/vitest"
import { NodeContext } from "@effect/platform-node"
import { Effect, Option } from "effect"
import { writeFileSync, mkdirSync } from "node:fs"
import * as Packages from "../src/Docker/Image/Packages.js"
import { manifests } from "../src/Docker/Image/Lockfile.js"
it.effect("x", () => Effect.gen(function* () {
  const d = Option.toArray(yield* Packages.storeDriver)
  const e = [...d, { name: "esbuild", version: "0.28.2" }]
  const roots = yield* Packages.installed("/work/main", e)
  const m = manifests(roots, yield* Packages.closure(roots, { withTools: true }))
  mkdirSync("/tmp/zz-lock", { recursive: true })
  writeFileSync("/tmp/zz-lock/package.json", m.packageJson)
  writeFileSync("/tmp/zz-lock/package-lock.json", m.packageLock)
}).pipe(Effect.provide(NodeContext.layer)))
