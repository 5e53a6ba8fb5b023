import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { make } from "../../../scripts/liveness.mjs"
import { program } from "../../../src/Server/Liveness/Packed.js"

it.live("the program of a liveness thread is made of the folder `program`: otherwise run scripts/liveness.mjs", () =>
  Effect.map(Effect.promise(make), (made) => assert.strictEqual(program, made))
)
