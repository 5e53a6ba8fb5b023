import type { Effect, Layer } from "effect"
import type { Deployer, Errors } from "effect-deployers"
import type { DockerDeployer, ImageBuilder, Settings } from "effect-deployers/Docker"
import { describe, expect, it } from "tstyche"

type Service = typeof DockerDeployer.DockerDeployer.Service
type Requirements = Layer.Layer.Context<ReturnType<typeof DockerDeployer.layer>>

describe("the Docker deployer", () => {
  it("offers itself and the deployer any program works with", () => {
    expect<Layer.Layer.Success<ReturnType<typeof DockerDeployer.layer>>>().type.toBe<
      Deployer.Deployer | DockerDeployer.DockerDeployer
    >()
    expect<Layer.Layer.Error<ReturnType<typeof DockerDeployer.layer>>>().type.toBe<never>()
  })

  it("cannot be had without an image builder", () => {
    expect<Extract<Requirements, ImageBuilder.ImageBuilder>>().type.toBe<ImageBuilder.ImageBuilder>()
  })

  it("knows no replicas, no privileges and no host network mode", () => {
    expect<"replicas" extends keyof Settings.DockerSettingsInput ? true : false>().type.toBe<false>()
    expect<"privileged" extends keyof Settings.DockerSettingsInput ? true : false>().type.toBe<false>()
    expect<{ readonly replicas: number }>().type.not.toBeAssignableTo<Settings.DockerSettingsInput>()
  })

  it("has settings of its own", () => {
    expect<{ readonly memoryBytes: number; readonly cpus: number }>().type.toBeAssignableTo<
      NonNullable<NonNullable<Parameters<Service["provision"]>[1]>["settings"]>
    >()
    expect<{ readonly memoryBytes: string }>().type.not.toBeAssignableTo<Settings.DockerSettingsInput>()
  })

  it("fails as every deployer does", () => {
    type Provision = Effect.Effect.Error<ReturnType<Service["provision"]>>
    expect<Extract<Provision, Errors.PortUnavailable | Errors.ResourceNotOwned>>().type.toBe<
      Errors.PortUnavailable | Errors.ResourceNotOwned
    >()
  })
})
