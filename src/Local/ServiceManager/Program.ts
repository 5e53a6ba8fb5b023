/** The program that a service manager runs as the supervisor of a home. */
import { createHash } from "node:crypto"
import * as Path from "node:path"
import * as Effect from "effect/Effect"
import { Home } from "../../Store/Home.js"
import { supervisorArguments, supervisorEnvironment } from "../Supervision.js"
import { Machine } from "./Machine.js"

/** The program, with everything that its service needs. */
export interface Program {
  /** The name of the service; each home has its own. */
  readonly name: string
  readonly home: string
  readonly command: readonly [string, ...ReadonlyArray<string>]
  readonly environment: Readonly<Record<string, string>>
  readonly logFile: string
}

/** The program of the current home, with the variables that a served process inherits. */
export const ofHome: Effect.Effect<Program, never, Home | Machine> = Effect.gen(function* () {
  const { root } = yield* Home
  const { node, userHome } = yield* Machine
  return {
    name: nameOf(root, Path.join(userHome, ".effect-deployers")),
    home: root,
    command: [node, ...supervisorArguments(root), "--resident"],
    environment: { ...(yield* supervisorEnvironment), DEPLOYERS_HOME: root },
    logFile: Path.join(root, "supervisor.log")
  }
})

// internal

const nameOf = (home: string, usual: string): string =>
  home === usual
    ? "effect-deployers"
    : `effect-deployers-${createHash("sha256").update(home).digest("hex").slice(0, 8)}`
