/** `deployers secret set|list|delete`. The command line never holds a value: other processes can read it there. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { SecretNotFound } from "../../Errors/Input.js"
import { VariableName } from "../../Settings.js"
import { SecretStore } from "../../Store/SecretStore.js"
import { json, note, print } from "../Common.js"
import { UsageError } from "../Failure.js"
import { Input } from "../Input.js"
import * as Render from "../Output/Render.js"
import * as Table from "../Output/Table.js"

const name = Args.text({ name: "name" }).pipe(Args.withDescription("Name of the secret."))

const set = Command.make(
  "set",
  { name, json },
  Effect.fnUntraced(function* ({ json, name }) {
    if (!Schema.is(VariableName)(name)) {
      return yield* new UsageError({
        message: `${JSON.stringify(name)} cannot name a secret.`,
        hint: "Use letters, digits and underscores, not starting with a digit."
      })
    }
    const value = yield* readValue(name)
    yield* Effect.flatMap(SecretStore, (store) => store.set(name, value))
    if (Redacted.value(value).endsWith("\n")) yield* note(lineEndRemark)
    yield* print(json, { name }, () => `The secret ${name} is set.`)
  })
).pipe(Command.withDescription("Set a secret; the value comes from standard input or from a prompt."))

const list = Command.make(
  "list",
  { json },
  Effect.fnUntraced(function* ({ json }) {
    const secrets = yield* Effect.flatMap(SecretStore, (store) => store.list)
    const value = secrets.map(({ createdAt, name, updatedAt }) => ({
      name,
      createdAt: DateTime.formatIso(createdAt),
      updatedAt: DateTime.formatIso(updatedAt)
    }))
    yield* print(json, { secrets: value }, (hasColor) =>
      secrets.length === 0
        ? "There are no secrets; `deployers secret set NAME` creates one."
        : Table.draw(
            hasColor,
            ["NAME", "CREATED", "UPDATED"],
            secrets.map((one) => [one.name, Render.time(one.createdAt), Render.time(one.updatedAt)])
          )
    )
  })
).pipe(Command.withDescription("List the names of secrets, without values."))

const remove = Command.make(
  "delete",
  { name, json },
  Effect.fnUntraced(function* ({ json, name }) {
    const existed = yield* Effect.flatMap(SecretStore, (store) => store.remove(name))
    if (!existed) return yield* new SecretNotFound({ name })
    yield* print(json, { deleted: name }, () => `The secret ${name} is deleted.`)
  })
).pipe(Command.withDescription("Delete a secret."))

export const secret = Command.make("secret").pipe(
  Command.withDescription("Manage the secrets that pipelines and keys use."),
  Command.withSubcommands([set, list, remove])
)

// internal

const lineEndRemark = "The value ends with a line end, which belongs to it; `printf %s` sends none."

/** The value, byte for byte: a line end at its end belongs to it. */
const readValue = Effect.fnUntraced(function* (name: string) {
  const input = yield* Input
  const value = input.isInteractive ? yield* input.hidden(`Value of ${name}`) : Redacted.make(yield* input.text)
  if (/^\r?\n?$/.test(Redacted.value(value))) {
    return yield* new UsageError({
      message: "The value is empty.",
      hint: `Send it on standard input: printf %s "$VALUE" | deployers secret set ${name}`
    })
  }
  return value
})
