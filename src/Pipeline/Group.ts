/** Several pipelines in one deployment. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { PipelineGroupInvalid } from "../Errors/Pipelines.js"
import { type Binary, binaryOf } from "../Output.js"
import type { Pipeline } from "../Pipeline.js"
import type { BundlingInput } from "../Settings/Bundling.js"
import type { ServingInput } from "../Settings/Serving.js"
import { TypeId as AppTypeId, type Member } from "./App.js"
import type { Check } from "./Check.js"
import { fromParts } from "./Parts.js"
import type { Trigger } from "./Triggers.js"

/**
 * The parameters of `POST /invoke` of a group: the name of a pipeline, and its parameters.
 *
 * @category schemas
 * @since 0.1.0
 */
export type GroupInput = Schema.Schema<
  { readonly pipeline: string; readonly parameters: unknown },
  { readonly pipeline: string; readonly parameters: unknown }
>

/**
 * A group of pipelines, which is deployed as one.
 *
 * @category models
 * @since 0.1.0
 */
export interface Group<out R = never>
  extends Pipeline<GroupInput, typeof Schema.Unknown, Schema.Schema<unknown, unknown>, R> {}

/**
 * Options of a group.
 *
 * @category models
 * @since 0.1.0
 */
export interface GroupOptions {
  readonly description?: string | undefined
  /** Serving and bundle settings of the deployment; those of its pipelines do not count. */
  readonly settings?: (ServingInput & BundlingInput) | undefined
}

/**
 * A pipeline that can be a member of a group: it may need layers, which the group builds.
 *
 * @category models
 * @since 0.2.0
 */
export type AnyMember = Pipeline<Schema.Schema.AnyNoContext, Schema.Schema.AnyNoContext, Schema.Schema.All, unknown>

/**
 * Makes a group of pipelines: one deployment, one run store, one page. Each pipeline has `POST /{name}/invoke`, and its runs
 * have its name. A layer that several pipelines are provided with is built once; each pipeline sees its own layers only.
 *
 * **Details**
 *
 * The names become parts of paths: letters, digits, `.`, `_`, `~` and `-`, each name once. An application belongs to the
 * group: `Pipeline.withApp` after `Pipeline.group`. The checks, the schedules and the limits of callers of all pipelines count.
 * `PipelineGroupInvalid` is thrown for a pipeline that has an application, and for two schedules of one name.
 *
 * @example
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Pipeline } from "effect-deployers"
 *
 * const price = Pipeline.make("price", {
 *   input: Schema.Struct({ item: Schema.String }),
 *   output: Schema.Number,
 *   run: ({ item }) => Effect.succeed(item.length)
 * })
 * const stock = Pipeline.make("stock", {
 *   input: Schema.Struct({ item: Schema.String }),
 *   output: Schema.Boolean,
 *   run: () => Effect.succeed(true)
 * })
 *
 * // POST /price/invoke and POST /stock/invoke
 * export const shop = Pipeline.group("shop", [price, stock])
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const group = <const Members extends ReadonlyArray<AnyMember>>(
  name: string,
  members: Members,
  options: GroupOptions = {}
): Group<Members[number] extends Pipeline<infer _I, infer _O, infer _E, infer R> ? R : never> => {
  const problem = problemOf(name, members)
  if (problem !== undefined) throw problem
  const state = Context.GenericTag<ReadonlyMap<string, Context.Context<never>>>(
    `effect-deployers/Pipeline/group/${name}`
  )
  const programs = new Map(members.map((member) => [member.name, encodedProgram(member)] as const))
  const withOwnState = <A, E>(pipeline: string, effect: Effect.Effect<A, E>) =>
    Effect.flatMap(state, (states) =>
      Effect.mapInputContext(effect, (outer: Context.Context<never>) =>
        Context.merge(outer, states.get(pipeline) ?? Context.empty())
      )
    )
  return fromParts({
    name,
    description: options.description,
    input: inputOf(members),
    output: Schema.Unknown,
    error: errorOf(members),
    settings: options.settings ?? {},
    check: checkOf(members, withOwnState),
    app: { [AppTypeId]: { _R: (_: never) => _ }, parts: members.map(partOf) },
    session: sessionOf(members),
    callers: undefined,
    schedules: members.flatMap(({ name, schedules }) =>
      schedules.map((schedule) => ({ ...schedule, input: { pipeline: name, parameters: schedule.input } }))
    ),
    triggers: members.flatMap(({ name, triggers }) => triggers.map((trigger) => triggerOf(name, trigger, state))),
    layer: Layer.scoped(state, statesOf(members)) as Layer.Layer<never, unknown, unknown>,
    program: ({ parameters, pipeline }: { readonly pipeline: string; readonly parameters: never }) =>
      withOwnState(pipeline, programs.get(pipeline)?.(parameters) ?? Effect.dieMessage(`no pipeline ${pipeline}`))
  })
}

// internal

/** A schedule is found by its name, and an application is of the whole service. */
const problemOf = (group: string, members: ReadonlyArray<AnyMember>): PipelineGroupInvalid | undefined => {
  const scheduledBy = new Map<string, string>()
  for (const { app, name: pipeline, schedules } of members) {
    if (app !== undefined) {
      const reason =
        "an application is one of the whole service; give it to the group, with Pipeline.withApp after Pipeline.group"
      return new PipelineGroupInvalid({ group, pipeline, field: "app", reason })
    }
    for (const { name } of schedules) {
      const other = scheduledBy.get(name)
      if (other !== undefined) {
        const reason = `it has a schedule "${name}", and so has "${other}"; give each schedule of a group a name of its own`
        return new PipelineGroupInvalid({ group, pipeline, field: "schedules", reason })
      }
      scheduledBy.set(name, pipeline)
    }
  }
  return undefined
}

const partOf = (pipeline: AnyMember): Member => ({
  _tag: "Member",
  access: "invoke",
  name: pipeline.name,
  pipeline
})

type States = Context.Tag<ReadonlyMap<string, Context.Context<never>>, ReadonlyMap<string, Context.Context<never>>>

/** A trigger of a pipeline of the group, which sees the warm state of that pipeline. */
const triggerOf = (pipeline: string, trigger: Trigger, state: States): Trigger => {
  const { deadLetter } = trigger
  const own = (outer: Context.Context<unknown>) => {
    const states = Context.unsafeGet(outer as Context.Context<never>, state)
    return Context.merge(outer, states.get(pipeline) ?? Context.empty()) as Context.Context<unknown>
  }
  return {
    ...trigger,
    messages: Stream.mapInputContext(
      Stream.map(trigger.messages, (message) => ({
        ...message,
        input: { pipeline, parameters: message.input }
      })),
      own
    ),
    deadLetter:
      deadLetter === undefined
        ? undefined
        : (message, reason) => Effect.mapInputContext(deadLetter(message, reason), own)
  }
}

const inputOf = (members: ReadonlyArray<AnyMember>): GroupInput =>
  Schema.Union(
    ...members.map(({ input, name }) => Schema.Struct({ pipeline: Schema.Literal(name), parameters: input }))
  ) as unknown as GroupInput

const errorOf = (members: ReadonlyArray<AnyMember>) =>
  Schema.Union(...members.map(({ error }) => error as Schema.Schema<unknown, unknown>))

const sessionOf = (members: ReadonlyArray<AnyMember>) => {
  const readers = new Map(members.map(({ name, session }) => [name, session] as const))
  return members.some(({ session }) => session !== undefined)
    ? ({ parameters, pipeline }: { readonly pipeline: string; readonly parameters: never }) =>
        readers.get(pipeline)?.(parameters)
    : undefined
}

/** The outputs of a group are those of its pipelines as callers receive them: their schemas differ. */
const encodedProgram = (member: AnyMember) => {
  const binary = binaryOf(member.output)
  // The service of the group sends the bytes, and records their description.
  if (binary !== undefined) {
    return (parameters: never) =>
      Effect.flatMap(member.program(parameters), (value) => binary.contentOf(value) ?? misfit(member.name, binary))
  }
  const encode = ParseResult.encodeUnknown(member.output)
  return (parameters: never) => Effect.flatMap(member.program(parameters), (outputs) => Effect.orDie(encode(outputs)))
}

const misfit = (name: string, { contentType }: Binary) =>
  Effect.dieMessage(`the outputs of pipeline ${name} are not bytes of ${contentType}, as its schema says`)

/** The warm states of the pipelines. A layer that they share is built once. */
const statesOf = (members: ReadonlyArray<AnyMember>) =>
  Effect.gen(function* () {
    const memoMap = yield* Layer.makeMemoMap
    const scope = yield* Effect.scope
    const states = yield* Effect.forEach(members, ({ layer, name }) =>
      Effect.map(Layer.buildWithMemoMap(layer, memoMap, scope), (state) => [name, state] as const)
    )
    return new Map<string, Context.Context<never>>(states)
  })

const checkOf = (
  members: ReadonlyArray<AnyMember>,
  withOwnState: <A, E>(pipeline: string, effect: Effect.Effect<A, E>) => Effect.Effect<A, E, unknown>
): Check | undefined => {
  const all = members.flatMap(({ check, name, program }): ReadonlyArray<Check> => {
    if (check === undefined) return []
    const { example, run, timeoutMillis } = check
    if (example !== undefined) {
      const input = { pipeline: name, parameters: example.input }
      return [{ timeoutMillis, example: { ...example, input } }]
    }
    const invoke = (input: never) => withOwnState(name, program(input)) as Effect.Effect<unknown, unknown>
    return run === undefined
      ? []
      : [{ timeoutMillis, run: () => withOwnState(name, run(invoke)) as Effect.Effect<unknown, unknown> }]
  })
  return all.length === 0 ? undefined : { timeoutMillis: Math.max(...all.map((it) => it.timeoutMillis)), all }
}
