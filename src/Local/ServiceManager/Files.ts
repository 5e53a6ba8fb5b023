/** The file by which a service manager knows a service. */
import * as Path from "node:path"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { ServiceManagerFailed } from "../../Errors/Supervisors.js"
import { Machine } from "./Machine.js"

/** The text of a file; none if it does not exist. */
export const read = (file: string): Effect.Effect<Option.Option<string>, ServiceManagerFailed, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.asSome(fs.readFileString(file))).pipe(
    Effect.catchAll((error) =>
      error._tag === "SystemError" && error.reason === "NotFound" ? Effect.succeedNone : failed("read", file, error)
    )
  )

/** Writes a file, and puts the former one back if the use of it fails. */
export const install = <E, R>(file: string, text: string, use: Effect.Effect<void, E, R>) =>
  Effect.flatMap(read(file), (before) =>
    Effect.zipRight(
      write(file, text),
      Effect.onError(use, () =>
        Effect.ignore(Option.match(before, { onNone: () => remove(file), onSome: (former) => write(file, former) }))
      )
    )
  )

/** Removes a file. A missing one is a success. */
export const remove = (file: string): Effect.Effect<void, ServiceManagerFailed, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.remove(file, { force: true })).pipe(
    Effect.catchAll((error) => failed("rm", file, error))
  )

/** Runs a command of the service manager, which must succeed. */
export const command = (
  program: string,
  args: ReadonlyArray<string>,
  remedy: string
): Effect.Effect<string, ServiceManagerFailed, Machine> =>
  Effect.gen(function* () {
    const { run } = yield* Machine
    const { exitCode, output } = yield* run(program, args)
    if (exitCode === 0) return output
    return yield* new ServiceManagerFailed({
      command: [program, ...args].join(" "),
      reason: `${output.replace(/\.$/, "") || "no output"} (exit code ${exitCode})`,
      remedy
    })
  })

// internal

const write = (file: string, text: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    yield* fs.makeDirectory(Path.dirname(file), { recursive: true })
    yield* fs.writeFileString(file, text, { mode: 0o644 })
  }).pipe(Effect.catchAll((error) => failed("write", file, error)))

const failed = (command: string, file: string, error: PlatformError) =>
  new ServiceManagerFailed({
    command: `${command} ${file}`,
    reason: error.message,
    remedy: "Check the owner and the mode of its folder."
  })
