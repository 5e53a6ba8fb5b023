import * as Os from "node:os"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

/** Who holds leases: this process. Others on the same host can tell from the name whether it still lives. */
export interface Service {
  /** `host:pid`, the prefix of the names of this process's lease holders. */
  readonly process: string
  /** `user@host`, for the record of who changed what. */
  readonly actor: string
  /** Whether a holder is known to be dead. A holder on another host never is. */
  readonly isDead: (holder: string) => Effect.Effect<boolean>
}

const isMissing = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ESRCH"
  }
}

const host = Os.hostname()

/** A user without an entry in the system's list has a number only. */
const userName = (): string => {
  try {
    return Os.userInfo().username
  } catch {
    return String(process.getuid?.() ?? "unknown")
  }
}

/** The holder of leases in this process. It has a default that asks the operating system. */
export class Holder extends Context.Reference<Holder>()("effect-deployers/Deployer/Holder", {
  defaultValue: (): Service => ({
    process: `${host}:${process.pid}`,
    actor: `${userName()}@${host}`,
    isDead: (holder) =>
      Effect.sync(() => {
        const match = /^(.*):(\d+)\//.exec(holder)
        return match !== null && match[1] === host && isMissing(Number(match[2]))
      })
  })
}) {}
