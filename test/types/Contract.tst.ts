import type { HttpClient } from "@effect/platform"
import { Context, Effect, Schema, Stream } from "effect"
import { type Errors, type Pipeline, Client as RootClient, Contract as RootContract, type Step } from "effect-deployers"
import type * as ClientNamespace from "effect-deployers/Client"
import { Client } from "effect-deployers/Client"
import type * as ContractNamespace from "effect-deployers/Contract"
import { Contract } from "effect-deployers/Contract"
import type * as PipelineNamespace from "effect-deployers/Pipeline"
import { Pipeline as EntryPipeline, Step as EntryStep, Run } from "effect-deployers/Pipeline"
import { describe, expect, it } from "tstyche"

class Boom extends Schema.TaggedError<Boom>()("Boom", {}) {}
class Other extends Schema.TaggedError<Other>()("Other", {}) {}
class Service extends Context.Tag("Service")<Service, number>() {}

const schemas = { input: Schema.Struct({ at: Schema.Date }), output: Schema.Struct({ at: Schema.Date }) }
const contract = Contract.make("c", { ...schemas, error: Boom })
const implementation = Contract.implement(contract, ({ at }) => Effect.succeed({ at }))

describe("Contract.make", () => {
  it("has the types of its schemas, and no failures by default", () => {
    expect(contract).type.toBe<Contract.Contract<typeof schemas.input, typeof schemas.output, typeof Boom>>()
    expect(Contract.make("c", schemas)).type.toBe<
      Contract.Contract<typeof schemas.input, typeof schemas.output, typeof Schema.Never>
    >()
  })
})

describe("Contract.implement", () => {
  it("gives a pipeline with the contract's schemas", () => {
    expect(implementation).type.toBe<Pipeline.Pipeline<typeof schemas.input, typeof schemas.output, typeof Boom>>()
    expect(implementation).type.toBeAssignableTo<Pipeline.Any>()
  })
  it("keeps the requirements of the implementation", () => {
    const needing = Contract.implement(contract, ({ at }) => Effect.as(Service, { at }))
    expect(needing).type.toBe<Pipeline.Pipeline<typeof schemas.input, typeof schemas.output, typeof Boom, Service>>()
    expect(needing).type.not.toBeAssignableTo<Pipeline.Any>()
  })
  it("accepts the declared outputs and failures only", () => {
    expect(Contract.implement).type.toBeCallableWith(contract, () => Effect.fail(new Boom()))
    expect(Contract.implement).type.not.toBeCallableWith(contract, () => Effect.fail(new Other()))
    expect(Contract.implement).type.not.toBeCallableWith(contract, () => Effect.succeed({ at: 1 }))
  })
})

describe("Contract.stream", () => {
  const streamed = Contract.stream("s", { ...schemas, error: Boom })
  it("has the list of its elements as outputs", () => {
    expect<Pipeline.Outputs<typeof streamed>>().type.toBe<ReadonlyArray<{ readonly at: Date }>>()
    expect(streamed.output.element).type.toBe<typeof schemas.output>()
  })
  it("is implemented by a stream of elements, with the declared failures", () => {
    expect(Contract.implementStream).type.toBeCallableWith(streamed, () => Stream.fail(new Boom()))
    expect(Contract.implementStream).type.not.toBeCallableWith(streamed, () => Stream.fail(new Other()))
    expect(Contract.implementStream).type.not.toBeCallableWith(streamed, () => Stream.make({ at: 1 }))
    expect(Contract.implementStream).type.not.toBeCallableWith(contract, () => Stream.empty)
    const needing = Contract.implementStream(streamed, () => Stream.fromEffect(Effect.as(Service, { at: new Date() })))
    expect(needing).type.toBe<
      Pipeline.Pipeline<typeof schemas.input, Pipeline.Elements<typeof schemas.output>, typeof Boom, Service>
    >()
  })
})

describe("Client.make", () => {
  it("has the same calls with a contract and with its pipeline", () => {
    const ref = { url: "http://127.0.0.1:1" } as const
    const byContract = Client.make(contract, ref)
    expect(byContract.invoke).type.toBe<ReturnType<typeof Client.make<typeof implementation, typeof ref>>["invoke"]>()
    expect(byContract.start).type.toBe<ReturnType<typeof Client.make<typeof implementation, typeof ref>>["start"]>()
    expect(byContract.invoke({ at: "2025-01-01" })).type.toBe<
      Effect.Effect<{ readonly at: Date }, Boom | Step.StepTimedOut | Client.InvokeError, HttpClient.HttpClient>
    >()
  })
  it("needs name and schemas only", () => {
    expect(Client.make).type.toBeCallableWith(contract, "c")
    expect(Client.make).type.not.toBeCallableWith({ name: "c" }, "c")
  })
})

describe("the entries for browsers", () => {
  it("have namespaces, and are namespaces themselves", () => {
    expect(EntryPipeline.make).type.toBe<typeof PipelineNamespace.make>()
    expect(EntryStep.make).type.toBe<typeof PipelineNamespace.Step.make>()
    expect(Run.publish).type.toBe<typeof PipelineNamespace.Run.publish>()
    expect<EntryPipeline.Any>().type.toBe<PipelineNamespace.Any>()
    expect<EntryPipeline.Pipeline>().type.toBe<PipelineNamespace.Pipeline>()
    expect(Client.make).type.toBe<typeof ClientNamespace.make>()
    expect<Client.Client<typeof contract, "c">>().type.toBe<ClientNamespace.Client<typeof contract, "c">>()
    expect(Contract.make).type.toBe<typeof ContractNamespace.make>()
    expect<Contract.Contract>().type.toBe<ContractNamespace.Contract>()
    expect(Contract.Api.make).type.toBe<typeof ContractNamespace.Api.make>()
    expect<Contract.Errors.Unauthorized>().type.toBe<Errors.Unauthorized>()
  })
  it("are those of the root, which has the registry besides", () => {
    expect(RootClient.make).type.toBe<typeof Client.make>()
    expect(RootContract.implement).type.toBe<typeof Contract.implement>()
    expect(RootClient).type.toHaveProperty("layerRegistry")
    expect(Client).type.not.toHaveProperty("layerRegistry")
  })
})
