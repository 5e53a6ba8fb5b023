import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { make } from "../../scripts/door.mjs"
import { program, relayProgram } from "../../src/Door/Packed.js"

it.live("the programs of doors are made of the folder `program`: otherwise run scripts/door.mjs", () =>
  Effect.map(Effect.promise(make), (made) => assert.deepStrictEqual({ program, relayProgram }, made))
)
