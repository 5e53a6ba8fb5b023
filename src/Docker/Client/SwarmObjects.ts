/** Operations on secrets and configs of a swarm. */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { command, create, type EngineRequests, filters, read } from "./EngineRequests.js"
import { NameConflict, SpecRejected } from "./Errors.js"
import type { Configs, Secrets, SwarmObjects } from "./SwarmContract.js"
import { CreatedInSwarm, ListedObject, toObject } from "./SwarmDecoders.js"
import { SwarmObjectInUse } from "./SwarmErrors.js"

export const secrets = (engine: EngineRequests): Secrets => make(engine, "secret", Redacted.value)

export const configs = (engine: EngineRequests): Configs => make(engine, "config", (content: string) => content)

// internal

const make = <Content>(
  engine: EngineRequests,
  kind: "secret" | "config",
  textOf: (content: Content) => string
): SwarmObjects<Content> => ({
  create: ({ content, labels, name }) => {
    const operation = `create a ${kind}`
    const body = { Name: name, Labels: labels, Data: Buffer.from(textOf(content)).toString("base64") }
    return Effect.map(
      create(engine, { operation, resource: name, method: "POST", path: `/${kind}s/create`, body }, CreatedInSwarm, {
        400: (reason): Effect.Effect<never, SpecRejected | NameConflict> => new SpecRejected({ operation, reason }),
        409: () => new NameConflict({ kind, name })
      }),
      ({ ID }) => ID
    )
  },
  list: (labels) =>
    Effect.map(
      read(
        engine,
        { operation: `list ${kind}s`, method: "GET", path: `/${kind}s`, query: { filters: filters(labels) } },
        Schema.Array(ListedObject)
      ),
      (listed) => listed.map(toObject)
    ),
  // The only reason for a refusal is a service that has it.
  remove: (id) =>
    command(
      engine,
      { operation: `remove a ${kind}`, resource: id, method: "DELETE", path: `/${kind}s/${encodeURIComponent(id)}` },
      { 400: () => new SwarmObjectInUse({ kind, id }) },
      [404]
    )
})
