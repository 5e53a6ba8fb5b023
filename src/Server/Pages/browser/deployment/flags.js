// The options of `deployers invoke` for parameters.

/** Names of other options; a test compares them with those of the command. */
export const reserved = new Set([
  "json",
  "input",
  "run-name",
  "timeout",
  "skip-artifacts",
  "idempotency-key",
  "session",
  "output",
  "async",
  "stream",
  "help",
  "h",
  "version",
  "wizard",
  "completions",
  "log-level"
])

export const flagOf = (name) => (reserved.has(name) || /^(no-|param\.)/.test(name) ? `--param.${name}` : `--${name}`)

/** True for names that can be options. */
export const canBeFlag = (name) => /^[^\s=-][^\s=]*$/u.test(name)
