/**
 * Real packages and shapes of projects in deployed pipelines: each answers as in plain Node, without its project. Some of
 * them are tested here; `npm run test:corpus` tests all.
 */

import { NodeContext } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import type { TestContext } from "vitest"
import { layerDocker } from "../Docker/DockerFixture.js"
import { layerEmbedded } from "../Local/fixture.js"
import * as Answers from "./Answers.js"
import * as Project from "./Project.js"
import * as Scope from "./Scope.js"
import type { Shape } from "./Shapes/Shape.js"
import * as Shapes from "./Shapes.js"

declare module "vitest" {
  interface TaskMeta {
    corpus?: Answers.Measured
  }
}

/** Fails unless a deployment answers as plain Node. */
const answersAsInNode = (subject: Answers.Subject, { task }: TestContext) =>
  Effect.gen(function* () {
    const expected = yield* Answers.inNode(subject)
    const { measured, snapshot } = yield* Answers.bundled(subject)
    task.meta.corpus = measured
    assert.strictEqual(yield* Answers.deployed(subject, snapshot), expected)
  })

const answersOfPackage = (module: string, context: TestContext) =>
  Effect.flatMap(Project.Project, (project) =>
    answersAsInNode({ name: module.replace(".mjs", ""), project, module }, context)
  )

const answersOfShape = (shape: Shape, context: TestContext) =>
  Effect.scoped(Effect.flatMap(Shapes.write(shape), (project) => answersAsInNode({ ...shape, project }, context)))

const live = { excludeTestServices: true, timeout: "10 minutes" } as const

layer(Project.layer(Scope.packages).pipe(Layer.provide(NodeContext.layer)), live)("a package", (it) => {
  it.layer(layerEmbedded, live)("in a process", (it) => {
    for (const module of Scope.packages) it.effect(module, (context) => answersOfPackage(module, context))
  })
  it.layer(layerDocker(), live)("in a container", (it) => {
    for (const module of Scope.packagesInContainers) it.effect(module, (context) => answersOfPackage(module, context))
  })
})

layer(layerEmbedded, live)("a project", (it) => {
  for (const shape of Scope.shapes) it.effect(shape.name, (context) => answersOfShape(shape, context))
})
