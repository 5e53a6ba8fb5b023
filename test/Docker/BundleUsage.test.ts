import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { transform } from "esbuild"
import * as BundleUsage from "../../src/Docker/BundleUsage.js"
import { differences } from "../../src/Docker/HostDifferences.js"
import { DockerSettings } from "../../src/Docker/Settings.js"

/** The bundle of one file, in the form in which bundles are written. */
const bundle = (source: string, externals: ReadonlyArray<string> = []) =>
  Effect.promise(() =>
    transform(source, {
      sourcefile: "/project/main.ts",
      sourcemap: "external",
      minifyWhitespace: true,
      minifySyntax: true
    })
  ).pipe(Effect.map(({ code, map }) => BundleUsage.read(code, map, "/bundles/digest", externals)))

const kinds = (source: string, externals?: ReadonlyArray<string>, timeZone = "UTC") =>
  Effect.map(bundle(source, externals), (found) =>
    differences(found, Schema.decodeSync(DockerSettings)({}), { hostBase: true, timeZone, user: "10001:10001" }).map(
      ({ kind }) => kind
    )
  )

describe("The starts of programs in a bundle", () => {
  it.effect.each<readonly [string, ReadonlyArray<readonly [boolean, string | undefined]>]>([
    ['import { execSync } from "node:child_process"\nexecSync("git status")', [[true, "git"]]],
    ['import { exec as run } from "child_process"\nrun(process.argv[2])', [[true, undefined]]],
    ['import * as cp from "node:child_process"\ncp.spawn("ffmpeg", ["-i"])', [[false, "ffmpeg"]]],
    ['import cp from "node:child_process"\ncp.spawn("x", [], { shell: true })', [[true, "x"]]],
    ['const { execFile } = require("child_process")\nexecFile("/usr/bin/convert")', [[false, "convert"]]],
    ['import { fork } from "node:child_process"\nfork("./other.js")', []],
    ['/a/.exec("a")', []]
  ])("are found in %s", ([source, starts]) =>
    Effect.map(bundle(source), (found) => {
      assert.deepStrictEqual(
        found.starts.map(({ program, shell }): readonly [boolean, string | undefined] => [shell, program]),
        [...starts]
      )
      for (const { at } of found.starts) assert.match(at, /^main\.ts:\d$/)
    })
  )
})

describe("The differences of a container", () => {
  it.effect.each<readonly [string, ReadonlyArray<string>, ReadonlyArray<string>]>([
    ["console.log(1)", [], []],
    ["console.log(1)", ["@napi-rs/canvas"], ["fonts"]],
    ["console.log(1)", ["simple-git"], ["programs"]],
    ['fetch("http://localhost:8080/x")', [], ["loopback"]],
    ['fetch("https://localhost.example/x")', [], []],
    ['import fs from "node:fs"\nfs.writeFileSync("out.txt", "x")', [], ["files"]],
    ['import fs from "node:fs"\nfs.writeFileSync("/tmp/out.txt", "x")', [], []],
    ['import os from "node:os"\nos.userInfo()', [], ["user"]]
  ])("in %j with the packages %j are %j", ([source, externals, expected]) =>
    Effect.map(kinds(source, externals), (found) => assert.deepStrictEqual(found, expected))
  )

  it.effect("have the time zone only where the host has another one", () =>
    Effect.gen(function* () {
      const source = "console.log(new Date().getHours())"
      assert.deepStrictEqual(yield* kinds(source, [], "Europe/Berlin"), ["timeZone"])
      assert.deepStrictEqual(yield* kinds(source), [])
    })
  )
})
