/** Operations on volumes. */
import * as Effect from "effect/Effect"
import type { Volumes } from "./Contract.js"
import { command, create, type EngineRequests, filters, read } from "./EngineRequests.js"
import { SpecRejected, VolumeInUse } from "./Errors.js"
import { ListedVolumes, Volume } from "./ResourceDecoders.js"

export const make = (engine: EngineRequests): Volumes => ({
  create: ({ labels, name }) => {
    const operation = "create a volume"
    const body = { Name: name, Labels: labels }
    return create(engine, { operation, resource: name, method: "POST", path: "/volumes/create", body }, Volume, {
      400: (reason) => new SpecRejected({ operation, reason })
    })
  },
  list: (labels) =>
    Effect.map(
      read(
        engine,
        { operation: "list volumes", method: "GET", path: "/volumes", query: { filters: filters(labels) } },
        ListedVolumes
      ),
      ({ Volumes }) => Volumes
    ),
  remove: (volume, { force = false } = {}) =>
    command(
      engine,
      {
        operation: "remove a volume",
        resource: volume,
        method: "DELETE",
        path: `/volumes/${encodeURIComponent(volume)}`,
        query: { force }
      },
      { 409: () => new VolumeInUse({ volume }) },
      [404]
    )
})
