import { commandOf } from "./Argv.js"

/**
 * The deployment an `invoke` line is about, read before its options are known: the first argument. Options of the
 * command itself may stand before it, those of the pipeline may not.
 */
export const find = (argv: ReadonlyArray<string>): string | undefined => {
  const command = commandOf(argv)
  if (command?.name !== "invoke") return undefined
  let index = 0
  while (index < command.rest.length) {
    const token = command.rest[index] ?? ""
    if (token === "--") return command.rest[index + 1]
    if (!token.startsWith("-")) return token
    if (valued.has(token)) index++
    else if (!plain.has(token) && !valued.has(token.split("=")[0] ?? "")) return undefined
    index++
  }
  return undefined
}

// internal

const valued: ReadonlySet<string> = new Set(["--input", "--run-name", "--timeout", "--idempotency-key", "--log-level"])
const plain: ReadonlySet<string> = new Set(["--json", "--skip-artifacts", "--async", "--stream", "--help", "-h"])
