/** The run store of a served process in a PostgreSQL database. A bundle has this module if it has the client. */
import { createHash } from "node:crypto"
import { hostname } from "node:os"
import * as Path from "node:path"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { StoreError } from "../../Errors/Stores.js"
import * as PostgresRuns from "../../Store/PostgresRuns.js"
import type { RunStore } from "../../Store/RunStore.js"
import type { RunStorePlace } from "../Entrypoint.js"

/** Connects to the database whose URL is a secret of the service. */
export const layer = ({ manifest, secret, slot }: RunStorePlace): Layer.Layer<RunStore, StoreError> =>
  Config.redacted(secret).pipe(
    Effect.mapError(() => missing(secret)),
    Effect.map((url) =>
      PostgresRuns.layer(
        { url, applicationName: `effect-deployers ${manifest.deployment.name}` },
        {
          deployment: manifest.deployment.id,
          generation: ownerOf(manifest, slot),
          isRelaxed: manifest.serving.recording === "relaxed"
        }
      )
    ),
    Layer.unwrapEffect
  )

// internal

const missing = (secret: string) =>
  new StoreError({
    store: "runs",
    operation: "open",
    reason: "misconfigured",
    advice: `the service has no secret ${secret} with its URL; store it with \`deployers secret set ${secret}\` and deploy again`
  })

/** Numbers of processes are exact in JSON and in JavaScript. */
const digits = 13

/**
 * The number of a process among those that share the run store. A process that starts again in its place has the number of its
 * predecessor, and takes its runs at once: the same machine or container, folder of data, generation and worker. Any other
 * process, such as another instance of the same generation, has another number.
 */
const ownerOf = ({ generation, runStore }: RunStorePlace["manifest"], slot: number): number => {
  const place = JSON.stringify([hostname(), Path.dirname(runStore), generation, slot])
  return Number.parseInt(createHash("sha256").update(place).digest("hex").slice(0, digits), 16)
}
