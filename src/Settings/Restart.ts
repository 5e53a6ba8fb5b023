/** The earlier names of the setting `restart`. */
import * as Predicate from "effect/Predicate"

type Layer = Readonly<Record<string, unknown>>

/**
 * Settings with `recovery.mode` and `restartPolicy` replaced by `restart`, which wins over both; a `mode` of `never` wins over
 * a policy. A value that neither name ever had stays, so that decoding refuses it.
 */
export const withRestart = <S extends Layer>(settings: S): S => {
  const mode = modeOf(settings)
  const policy = policyOf(settings)
  if (mode === undefined && policy === undefined) return settings
  const restart = settings["restart"] ?? (mode === "never" ? mode : (policy ?? mode))
  const rest = Object.entries(settings).filter(([name]) => name !== "restartPolicy" || policy === undefined)
  return { ...Object.fromEntries(rest), ...withoutMode(settings, mode), restart } as Layer as S
}

// internal

const modeOf = ({ recovery }: Layer): "always" | "never" | undefined => {
  const mode = Predicate.isReadonlyRecord(recovery) ? recovery["mode"] : undefined
  return mode === "always" || mode === "never" ? mode : undefined
}

const policies: Layer = { always: "always", "unless-stopped": "always", no: "never" }

const policyOf = ({ restartPolicy }: Layer): unknown => {
  if (typeof restartPolicy === "string")
    return Object.hasOwn(policies, restartPolicy) ? policies[restartPolicy] : undefined
  return Predicate.isTagged(restartPolicy, "onFailure") ? "on-failure" : undefined
}

const withoutMode = ({ recovery }: Layer, mode: string | undefined): Layer => {
  if (mode === undefined || !Predicate.isReadonlyRecord(recovery)) return {}
  const { mode: _, ...limits } = recovery
  return { recovery: limits }
}
