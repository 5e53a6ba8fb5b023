import { DateTime } from "effect"
import type { ResolvedSettings } from "../../src/Containerized/BuildConfiguration.js"
import { Snapshot } from "../../src/Snapshot/Model.js"
import { PipelineSpec } from "../../src/Snapshot/Spec.js"

export const snapshotOf = (options: {
  readonly digest?: string
  readonly externals?: ReadonlyArray<{ readonly name: string; readonly version: string }>
  readonly id?: string
  readonly pipelineName?: string
  readonly file?: string
}): Snapshot =>
  new Snapshot({
    id: options.id ?? "00000000-0000-7000-8000-00000000000a",
    pipelineName: options.pipelineName ?? "weather",
    version: 2,
    spec: new PipelineSpec({ name: "weather", input: {}, output: {}, serving: {} }),
    settings: {},
    bundle: { digest: options.digest ?? "d".repeat(64), externals: options.externals ?? [] },
    source: { file: options.file ?? "/project/weather.ts", export: "weather" },
    createdAt: DateTime.unsafeMake(0)
  })

export const resolvedSettings: ResolvedSettings = {
  platform: "linux/amd64",
  base: { _tag: "host", node: "20.20.2", layer: `sha256:${"a".repeat(64)}` },
  assets: []
}
