/** The endpoints of deployments. */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as Effect from "effect/Effect"
import {
  type DeleteError,
  Deployer,
  type DeprovisionError,
  type IntakeError,
  type ProvisionError,
  type RefreshError,
  type RollbackError
} from "../Deployer.js"
import { type Deployment, LogLine } from "../Deployment.js"
import type * as Settings from "../Settings.js"
import { Api } from "./Api.js"
import * as Failures from "./Failures.js"
import * as Lines from "./Lines.js"
import type { Provision, Reprovision } from "./Models.js"
import { Operations } from "./Operations.js"

export const layer = HttpApiBuilder.group(Api, "deployments", (handlers) =>
  Effect.gen(function* () {
    const deployer = yield* Deployer
    const { closed, gate, kind } = yield* Operations
    const provisions = kind<Deployment, ProvisionError>()
    const restarts = kind<Deployment, RollbackError>()
    const refreshes = kind<Deployment, RefreshError>()
    const stops = kind<Deployment, DeprovisionError>()
    const deletions = kind<void, DeleteError>()
    const intakes = kind<Deployment, IntakeError>()

    /** The options of a new version, with the gate of the caller. */
    const optionsOf = <Payload extends Provision | Reprovision>(id: string, payload: Payload) => {
      const { hasGate, settings, ...options } = payload
      return {
        ...options,
        ...(settings === undefined ? {} : { settings: unchecked(settings) }),
        ...(hasGate === true ? { gate: gate(id) } : {})
      }
    }

    return handlers
      .handle("list", ({ urlParams }) => deployer.list(urlParams))
      .handle("get", ({ path }) => deployer.get(path.ref))
      .handle("revisions", ({ path }) => deployer.revisions(path.ref))
      .handleRaw("logs", ({ path, urlParams }) =>
        Lines.respond(LogLine, Failures.LogsError, deployer.logs(path.ref, urlParams), closed)
      )
      .handle("plan", ({ payload }) =>
        deployer.plan(payload.snapshot, { ...optionsOf("", payload), preview: payload.preview })
      )
      .handle("provision", ({ headers: { "idempotency-key": id }, payload }) =>
        provisions.run(id, deployer.provision(payload.snapshot, optionsOf(id, payload)))
      )
      .handle("getOrCreate", ({ headers: { "idempotency-key": id }, payload }) =>
        provisions.run(id, deployer.getOrCreate(payload.snapshot, optionsOf(id, payload)))
      )
      .handle("reprovision", ({ headers: { "idempotency-key": id }, path, payload }) =>
        restarts.run(id, deployer.reprovision(path.ref, optionsOf(id, payload)))
      )
      .handle("rollback", ({ headers, path, payload }) =>
        restarts.run(headers["idempotency-key"], deployer.rollback(path.ref, payload))
      )
      .handle("refresh", ({ headers, path }) => refreshes.run(headers["idempotency-key"], deployer.refresh(path.ref)))
      .handle("deprovision", ({ headers, path, payload }) =>
        stops.run(headers["idempotency-key"], deployer.deprovision(path.ref, payload))
      )
      .handle("delete", ({ headers, path, payload }) =>
        deletions.run(headers["idempotency-key"], deployer.delete(path.ref, payload))
      )
      .handle("pause", ({ headers, path, payload }) =>
        intakes.run(headers["idempotency-key"], deployer.pause(path.ref, payload))
      )
      .handle("maintenance", ({ headers, path, payload }) =>
        intakes.run(headers["idempotency-key"], deployer.maintenance(path.ref, payload))
      )
      .handle("resume", ({ headers, path }) => intakes.run(headers["idempotency-key"], deployer.resume(path.ref)))
  })
)

// internal

/** The deployer decodes settings by the Schema of its flavor, which this API does not know. */
const unchecked = (settings: Readonly<Record<string, unknown>>) => settings as Settings.DeploymentInput
