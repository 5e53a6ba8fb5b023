import { Effect, Layer } from "effect"
import * as StoreSuite from "../../src/Conformance/StoreSuite.js"
import { LeaseClock } from "../../src/Store/Database/Dialect.js"
import * as PostgresRuns from "../../src/Store/PostgresRuns.js"
import * as PostgresRunsSchema from "../../src/Store/Runs/PostgresRunsSchema.js"
import { sharedDatabase } from "./Postgres.js"

const database = sharedDatabase(PostgresRunsSchema.schema)

let made = 0

/** Each store is that of a deployment of its own: the laws hold although the tables have the rows of all of them. */
const runs = Layer.unwrapEffect(
  Effect.sync(() => PostgresRuns.layerSql({ deployment: `weather-${++made}`, generation: 1 }))
).pipe(Layer.provide(Layer.succeed(LeaseClock, "process")), Layer.provide(database))

StoreSuite.runs("P14: PostgreSQL, with other deployments in its database", runs)
