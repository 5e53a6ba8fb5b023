import { assert, describe, it } from "@effect/vitest"
import { JSONSchema, Schema } from "effect"
import { Settings } from "effect-deployers"
import { all, type Setting } from "../../../src/Cli/Options/SettingTable.js"
import { DockerSettings } from "../../../src/Docker/Settings.js"
import { KubernetesSettings } from "../../../src/Kubernetes/Settings.js"
import { LocalSettings } from "../../../src/Local/Settings.js"
import { SwarmSettings } from "../../../src/Swarm/Settings.js"

interface Described {
  readonly enum?: ReadonlyArray<string>
  readonly items?: Described
  readonly type?: string
}

const fields: Readonly<Record<Setting["group"], Schema.Struct.Fields>> = {
  deployment: {
    ...KubernetesSettings.from.fields,
    ...SwarmSettings.fields,
    ...LocalSettings.fields,
    ...DockerSettings.fields
  },
  serving: Settings.Serving.fields,
  recovery: Settings.Recovery.fields
}

const schemaOf = ({ field, group }: Setting): Schema.Schema<unknown, unknown> => {
  const found = fields[group][field]
  assert.isDefined(found)
  return Schema.Struct({ [field]: found ?? Schema.Never }) as unknown as Schema.Schema<unknown, unknown>
}

/** The JSON Schema of a setting. */
const described = (setting: Setting): Described => {
  const { properties } = JSONSchema.make(Schema.encodedSchema(schemaOf(setting))) as {
    readonly properties: Readonly<Record<string, Described>>
  }
  return properties[setting.field] ?? {}
}

describe("the options that are settings", () => {
  for (const setting of all()) {
    const { field, kind } = setting
    it(`the option of ${field} takes what its Schema takes`, () => {
      switch (kind._tag) {
        case "json":
          Schema.decodeUnknownSync(schemaOf(setting), { onExcessProperty: "error" })({
            [field]: JSON.parse(kind.example)
          })
          break
        case "choice":
          assert.deepStrictEqual(kind.literals, described(setting).enum)
          break
        case "choices":
          assert.deepStrictEqual(kind.literals, described(setting).items?.enum)
          break
        case "switch":
          assert.strictEqual(described(setting).type, "boolean")
          break
        case "texts":
          assert.strictEqual(described(setting).type ?? described(setting).items?.type, "array")
          break
        case "text":
          assert.strictEqual(described(setting).type, "string")
          break
        default:
          assert.include(["integer", "number"], described(setting).type)
      }
    })
  }
})
