/** The warnings of a deploy, from the bundle of its snapshot. */
import * as Path from "node:path"
import * as FileSystem from "@effect/platform/FileSystem"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { names } from "../../Bundle/Names.js"
import type { Warning } from "../../Deployment/Warning.js"
import type { Snapshot } from "../../Snapshot/Model.js"
import { Home } from "../../Store/Home.js"
import * as BundleUsage from "../BundleUsage.js"
import { DockerClient } from "../DockerClient.js"
import { differences } from "../HostDifferences.js"
import { runningNode } from "../Image/HostBase.js"
import { defaultBase } from "../ImageBuilder.js"
import type { DockerSettings } from "../Settings.js"
import { BackendContext } from "./BackendContext.js"
import { imageSettingsOf } from "./SettingForms.js"

/** The differences that the code of a snapshot seems to meet. None if its bundle is not on this machine. */
export const warnings = (
  snapshot: Snapshot,
  settings: DockerSettings
): Effect.Effect<ReadonlyArray<Warning>, never, Home | FileSystem.FileSystem | DockerClient | BackendContext> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const folder = Path.join((yield* Home).bundles, snapshot.bundle.digest)
    const code = yield* Effect.option(fs.readFileString(Path.join(folder, names.main)))
    if (Option.isNone(code)) return []
    const map = yield* Effect.orElseSucceed(fs.readFileString(Path.join(folder, names.sourceMap)), () => "")
    const externals = snapshot.bundle.externals.map(({ name }) => name)
    const { identity } = yield* BackendContext
    return differences(BundleUsage.read(code.value, map, folder, externals), settings, {
      hostBase: yield* hasHostBase(settings),
      timeZone: DateTime.zoneToString(DateTime.zoneMakeLocal()),
      user: `${identity.uid}:${identity.gid}`
    })
  })

// internal

/** An engine that does not answer is taken for one that runs this machine's Node, which the deploy itself finds out. */
const hasHostBase = (settings: DockerSettings) =>
  Effect.gen(function* () {
    const { base } = imageSettingsOf(settings)
    if (base !== undefined) return base._tag === "host"
    const { engine } = yield* DockerClient
    const version = yield* Effect.option(engine.version)
    return Option.match(version, {
      onNone: () => process.platform === "linux",
      onSome: (platform) => defaultBase(runningNode, platform)._tag === "host"
    })
  })
