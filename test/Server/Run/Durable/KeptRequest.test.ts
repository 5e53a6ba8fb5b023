// The request of a run in its lease: a run that goes on in another process reads the same one.
import { assert, describe, it } from "@effect/vitest"
import { Option } from "effect"
import type { Run } from "effect-deployers"
import * as DurableCall from "../../../../src/Server/Run/Durable/DurableCall.js"
import * as KeptRequest from "../../../../src/Server/Run/Durable/KeptRequest.js"

const request: Run.RunRequest = {
  method: Option.some("POST"),
  path: Option.some("/shop/invoke"),
  headers: { "x-tenant": "north", authorization: "<redacted>" },
  caller: Option.some({ keyId: "key-1", scopes: ["invoke"] }),
  requestId: Option.some("r-1"),
  remoteAddress: Option.some("203.0.113.7")
}

describe("the request in a lease", () => {
  it("is read again as it was, with the key of the caller", () => {
    const text = DurableCall.requestOf(
      { timeoutMillis: 7 },
      {
        isDetached: false,
        onAccepted: undefined,
        requestId: "r-1",
        caller: { id: "key-1", scopes: ["invoke"] },
        request: () => request
      }
    )
    const kept = JSON.parse(text)
    const { caller, request: again } = KeptRequest.originOf(kept, kept.requestId)
    assert.deepStrictEqual(caller, { id: "key-1", scopes: ["invoke"] })
    assert.deepStrictEqual(again?.(), request)
    assert.strictEqual(kept.timeoutMillis, 7)
  })

  it("has no parts for a run that no request started", () => {
    const { caller, request } = KeptRequest.originOf(KeptRequest.of({}), undefined)
    assert.isUndefined(caller)
    assert.deepStrictEqual(request?.().headers, {})
    assert.isTrue(Option.isNone(request?.().method ?? Option.some("")))
  })
})
