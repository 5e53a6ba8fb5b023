/** The file with the intake of a deployment, and its change while instances run. */
import * as Path from "node:path"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { encodeIntakeFile, intakeFile, intakeMaxAgeMillis } from "../Contract/Intake.js"
import type { Intake } from "../Deployment/Intake.js"
import type { Home } from "../Store/Home.js"
import type { Instance } from "./Instance.js"
import { folders, generationsIn, paths, writeWhole } from "./InstanceFiles.js"
import * as InstanceRecord from "./InstanceRecord.js"

/**
 * The path of the file beside a run store, which all generations of a deployment share.
 *
 * @category accessors
 * @since 0.2.0
 */
export const pathBeside = (runStore: string): string => Path.join(Path.dirname(runStore), intakeFile)

/**
 * Writes the intake of a deployment, whole or not at all; an instance that starts reads it. A deployment that accepts runs
 * needs no file.
 *
 * @param give Makes a file readable for the service.
 *
 * @category writing
 * @since 0.2.0
 */
export const write = <R = never>(
  file: string,
  intake: Intake | undefined,
  give: (file: string) => Effect.Effect<void, PlatformError, R> = () => Effect.void
): Effect.Effect<void, PlatformError, R | FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    if (intake === undefined && !(yield* fs.exists(file))) return
    const draft = `${file}.new`
    yield* writeWhole(draft, encodeIntakeFile(intake), 0o600)
    yield* give(draft)
    yield* fs.rename(draft, file)
  })

/**
 * Changes the intake of a deployment, and the records beside its instances. `put` gives the file to the services. When it
 * succeeds, every service of the deployment uses the new intake.
 *
 * @category writing
 * @since 0.2.0
 */
export const update = <E, R>(
  instance: Pick<Instance, "deploymentId">,
  intake: Intake | undefined,
  put: Effect.Effect<void, E, R>
): Effect.Effect<void, E | PlatformError, R | Home | FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const at = yield* folders({ ...instance, generation: 0 })
    for (const generation of yield* generationsIn(at)) {
      yield* InstanceRecord.replaceIntake(Path.join(at.generations, `${generation}`), intake)
    }
    yield* put
    yield* Effect.sleep(intakeMaxAgeMillis)
  })

/**
 * `Backend.updateIntake` for flavors whose services have their run store in the home.
 *
 * @category writing
 * @since 0.2.0
 */
export const updateInHome = (
  instance: Pick<Instance, "deploymentId" | "generation">,
  intake: Intake | undefined
): Effect.Effect<void, PlatformError, Home | FileSystem.FileSystem> =>
  Effect.flatMap(paths(instance), ({ runStore }) => update(instance, intake, write(pathBeside(runStore), intake)))
