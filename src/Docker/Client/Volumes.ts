/** Operations on volumes. */
import * as Effect from "effect/Effect"
import type { Volumes } from "./Contract.js"
import { parse } from "./Decoders.js"
import { type EngineRequests, filters, isOk, read } from "./EngineRequests.js"
import { SpecRejected, VolumeInUse } from "./Errors.js"
import { reasonOf } from "./Failure.js"
import { InspectedVolume, ListedVolumes, toVolume } from "./ResourceDecoders.js"
import type { Request } from "./Transport.js"

export const make = (kit: EngineRequests): Volumes => ({
  create: createWith(kit),
  list: (labels) =>
    Effect.map(
      read(
        kit,
        { operation: "list volumes", method: "GET", path: "/volumes", query: { filters: filters(labels) } },
        ListedVolumes
      ),
      ({ Volumes }) => Volumes.map(toVolume)
    ),
  remove: removeWith(kit)
})

const created = parse(InspectedVolume, "create a volume")

const createWith =
  (kit: EngineRequests): Volumes["create"] =>
  ({ labels, name }) => {
    const request: Request = {
      operation: "create a volume",
      resource: name,
      method: "POST",
      path: "/volumes/create",
      body: { Name: name, Labels: labels }
    }
    return Effect.flatMap(kit.change(request), (answer): ReturnType<Volumes["create"]> => {
      if (isOk(answer)) return Effect.map(created(answer), toVolume)
      return answer.status === 400
        ? new SpecRejected({ operation: request.operation, reason: reasonOf(answer.text) })
        : kit.unexpected(request, answer)
    })
  }

const removeWith =
  (kit: EngineRequests): Volumes["remove"] =>
  (volume, { force = false } = {}) => {
    const request: Request = {
      operation: "remove a volume",
      resource: volume,
      method: "DELETE",
      path: `/volumes/${encodeURIComponent(volume)}`,
      query: { force }
    }
    return Effect.flatMap(kit.change(request), (answer): ReturnType<Volumes["remove"]> => {
      if (isOk(answer) || answer.status === 404) return Effect.void
      return answer.status === 409 ? new VolumeInUse({ volume }) : kit.unexpected(request, answer)
    })
  }
