/** Follows docs/tutorial.md from its second part on, in a project that has the package: its files, and its commands as they stand there. */
import { Command, FileSystem } from "@effect/platform"
import { assert } from "@effect/vitest"
import { Effect, Schedule, Schema, Stream } from "effect"

/** A project with the package. */
export interface Project {
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
}

const Described = Schema.parseJson(
  Schema.Struct({ status: Schema.String, metadata: Schema.Struct({ pid: Schema.Int }) })
)

/** Every command of the tutorial does what it says there; the deployment is gone at the end. */
export const follow = (project: Project, tutorial: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const [first = "", second = ""] = blocksOf(tutorial, "ts")
    const [, , failure = [], waiting = [], crash = [], redeploy = [], signal = [], end = []] = commandsOf(tutorial)
    const save = (code: string) => fs.writeFileString(`${project.folder}/orders.ts`, code)

    yield* save(first)
    yield* succeeds(project, failure[0])
    assert.include(yield* fails(project, failure[1]), "OutOfStock")

    const run = yield* succeeds(project, `${waiting[0]}; echo $RUN`)
    const withRun = { ...project, env: { ...project.env, RUN: run } }
    yield* eventually(succeeds(withRun, waiting[1]), /^waits for +approval$/m)

    const { metadata: before } = yield* described(project)
    assert.strictEqual(crash[1], "kill -9 PID")
    yield* succeeds(project, `kill -9 ${before.pid}`)
    yield* Effect.repeat(described(project), {
      until: ({ metadata, status }) => status === "running" && metadata.pid !== before.pid,
      schedule: patience
    })
    assert.include(yield* succeeds(project, crash[2]), "instance_started")
    assert.include(yield* succeeds(withRun, waiting[1]), "waits for   approval")

    yield* save(second)
    yield* succeeds(project, redeploy[0])
    yield* eventually(succeeds(withRun, waiting[1]), /^waits for +approval$/m)
    yield* succeeds(withRun, signal[0])
    yield* eventually(succeeds(withRun, waiting[1]), /^status +succeeded$/m)
    const [outputs = ""] = blocksOf(tutorial, "json")
    assert.deepStrictEqual(JSON.parse(yield* succeeds(withRun, signal[1])), JSON.parse(outputs))

    const [rollback, share, remove] = end
    yield* succeeds(project, rollback)
    assert.include(yield* succeeds(project, share), "#share=")
    yield* succeeds(project, remove)
  })

// internal

const patience = Schedule.intersect(Schedule.spaced("200 millis"), Schedule.recurs(300))

const blocksOf = (markdown: string, language: string): ReadonlyArray<string> =>
  Array.from(markdown.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, "gm")), ([, code = ""]) => code)

const commandsOf = (markdown: string): ReadonlyArray<ReadonlyArray<string>> =>
  blocksOf(markdown, "sh").map((block) => block.trim().split("\n"))

const described = (project: Project) =>
  Effect.flatMap(succeeds(project, "npx deployers describe orders --json"), Schema.decode(Described))

const eventually = <E, R>(text: Effect.Effect<string, E, R>, pattern: RegExp) =>
  Effect.repeat(text, { until: (found) => pattern.test(found), schedule: patience }).pipe(
    Effect.zipRight(text),
    Effect.map((found) => assert.match(found, pattern))
  )

const succeeds = (project: Project, command: string | undefined) =>
  Effect.map(bash(project, command), ({ code, output }) => {
    assert.strictEqual(code, 0, `${command}\n${output}`)
    return output
  })

const fails = (project: Project, command: string | undefined) =>
  Effect.map(bash(project, `${command} 2>&1`), ({ code, output }) => {
    assert.strictEqual(code, 1, `${command}\n${output}`)
    return output
  })

const bash = ({ env, folder }: Project, command = "exit 9") =>
  Effect.gen(function* () {
    const process = yield* Command.make("bash", "-c", command).pipe(
      Command.workingDirectory(folder),
      Command.env(env),
      Command.stderr("inherit"),
      Command.start
    )
    const output = yield* Stream.mkString(Stream.decodeText(process.stdout))
    return { code: yield* process.exitCode, output: output.trim() }
  }).pipe(Effect.scoped)
