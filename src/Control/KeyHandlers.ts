/** The endpoints of the keys of a deployment. */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as Effect from "effect/Effect"
import { type AuthKeyChangeError, Deployer, type NewKey } from "../Deployer.js"
import { Api } from "./Api.js"
import { Operations } from "./Operations.js"

export const layer = HttpApiBuilder.group(Api, "keys", (handlers) =>
  Effect.gen(function* () {
    const deployer = yield* Deployer
    const { kind } = yield* Operations
    const additions = kind<NewKey, AuthKeyChangeError>()
    const removals = kind<void, AuthKeyChangeError>()
    return handlers
      .handle("own", ({ path }) => Effect.map(deployer.authKey(path.ref), (key) => ({ key })))
      .handle("list", ({ path }) => deployer.authKeys(path.ref))
      .handle("add", ({ headers, path, payload }) =>
        additions.run(headers["idempotency-key"], deployer.addAuthKey(path.ref, payload))
      )
      .handle("rotate", ({ headers, path, payload }) =>
        additions.run(headers["idempotency-key"], deployer.rotateAuthKey(path.ref, payload))
      )
      .handle("remove", ({ headers, path }) =>
        removals.run(headers["idempotency-key"], deployer.removeAuthKey(path.ref, path.id))
      )
  })
)
