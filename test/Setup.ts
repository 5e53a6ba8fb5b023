/**
 * Runs before each test file. `layer` of `@effect/vitest` replaces the ways to test of `it` for all that come later, and the
 * files of a worker share `it`: here each file gets its own back.
 */
import { effect, it, layer, prop, scoped } from "@effect/vitest"

Object.assign(it, { effect, layer, prop, scoped })
