import { assert, describe, it } from "@effect/vitest"
import { Effect, Either, FastCheck, ParseResult, Schema } from "effect"
import { Deployment, Errors, Settings } from "effect-deployers"

const decode = (input: unknown) =>
  Either.mapLeft(Schema.decodeUnknownEither(Settings.Deployment)(input), ParseResult.TreeFormatter.formatErrorSync)

describe("Settings", () => {
  it("F23: are complete when nothing is said", () => {
    const settings = Either.getOrThrow(decode({}))
    assert.deepInclude(settings, {
      auth: { _tag: "generate" },
      environment: {},
      secrets: [],
      timeoutMillis: 60_000,
      stopGraceMillis: 30_000
    })
    assert.deepInclude(settings.serving, { invokeUrlPath: "/invoke", maxBodyBytes: 1_048_576, maxJsonDepth: 64 })
    assert.isBelow(settings.serving.drainTimeoutMillis, settings.stopGraceMillis)
  })

  it.each(["NODE_OPTIONS", "LD_PRELOAD", "DOCKER_HOST", "PATH"])("G35: refuse the reserved variable %s", (name) => {
    const refused = decode({ environment: { [name]: "x" } })
    assert.isTrue(Either.isLeft(refused))
    assert.include(Either.isLeft(refused) ? refused.left : "", `${name} is reserved for the serving process`)
    assert.isTrue(Either.isLeft(decode({ secrets: [name], secretsInEnvironment: [name] })))
  })

  it.each(["", "1ST", "with-hyphen", "with space", "A=B", "ü"])("refuse %j as the name of a variable", (name) => {
    assert.isTrue(Either.isLeft(decode({ environment: { [name]: "x" } })))
    assert.isTrue(Either.isLeft(decode({ secrets: [name] })))
  })

  it.each(["invoke", "/a b", "/a?b", "/a/../b%2f", "//"])("refuse %j as a path", (path) => {
    assert.isTrue(Either.isLeft(decode({ serving: { invokeUrlPath: path } })))
  })

  it("merge key by key where keys are meant, else the later wins", () => {
    assert.deepStrictEqual(
      Settings.merge<Settings.DeploymentInput>(
        {
          timeoutMillis: 1,
          environment: { A: "1", B: "1" },
          secrets: ["X"],
          serving: { maxQueue: 1, maxConcurrency: 1 }
        },
        { environment: { B: "2" }, secrets: ["Y"], serving: { maxQueue: 2 } },
        { stopGraceMillis: 3 }
      ),
      {
        timeoutMillis: 1,
        environment: { A: "1", B: "2" },
        secrets: ["Y"],
        serving: { maxQueue: 2, maxConcurrency: 1 },
        stopGraceMillis: 3
      }
    )
  })
})

describe("Deployment names", () => {
  it.effect.each(["a", "weather", "weather-2", "a".repeat(40), "x1"])("take %s", (name) =>
    Effect.map(Deployment.parseName(name), (parsed) => assert.strictEqual(parsed, name))
  )

  it.effect.each([
    "",
    "A",
    "1a",
    "-a",
    "a-",
    "a_b",
    "a.b",
    "a/b",
    "a".repeat(41),
    "ä",
    "a\n",
    "a\r\nb",
    "a\0",
    "a b",
    "..",
    "--force",
    "\u0430pi",
    "a\u202eb",
    "a\u200b",
    "a;b",
    "$(a)"
  ])("G11 G38: refuse %j and say what is allowed", (name) =>
    Effect.map(Effect.flip(Deployment.parseName(name)), (error) => {
      assert.instanceOf(error, Errors.InvalidName)
      assert.include(error.message, "lowercase letters, digits and hyphens")
    })
  )
})

describe("Status transitions", () => {
  const statuses = Deployment.Status.literals
  it("lead from every status to a change under way, and never from absent to an error", () => {
    for (const status of statuses) assert.isTrue(Deployment.canFollow(status, "pending"))
    assert.isFalse(Deployment.canFollow("absent", "error"))
    assert.isFalse(Deployment.canFollow("absent", "unknown"))
  })
  it("let everything be running in the end", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.constantFrom(...statuses), (status) => Deployment.canFollow(status, "running"))
    )
  })
})

describe("Errors", () => {
  const samples: ReadonlyArray<Error & { readonly _tag: string }> = [
    new Errors.DeploymentAlreadyExists({ name: "a" }),
    new Errors.DeploymentNotFound({ ref: "a" }),
    new Errors.DeploymentProvisionFailed({ name: "a", reason: "it ended", logs: ["one", "two"] }),
    new Errors.DeploymentTimeout({ name: "a", operation: "provision", timeoutMillis: 5, logs: [] }),
    new Errors.DeploymentDeprovisionFailed({ name: "a", reason: "it stays" }),
    new Errors.DeploymentLogsNotFound({ name: "a", reason: "it never ran" }),
    new Errors.DeploymentSnapshotMismatch({ snapshot: "a@1", reason: "no schema", remedy: "Make it again" }),
    new Errors.DeploymentHttpError({ deployment: "a", reason: "no process listens" }),
    new Errors.DeploymentSchemaNotFound({ ref: "a" }),
    new Errors.DeploymentInvalidParameters({ deployment: "a", issues: [{ path: "x.y", reason: "is missing" }] }),
    new Errors.StoreError({ store: "registry", operation: "deployments.find", reason: "busy" }),
    new Errors.SecretNotFound({ name: "A" }),
    new Errors.PipelineExportNotFound({ file: "a.ts", pipelines: ["x", "y"] })
  ]

  it("are sentences, marked as ours", () => {
    for (const error of samples) {
      assert.isTrue(Errors.isDeployersError(error))
      assert.match(error.message.split("\n")[0] ?? "", /^\S.*[.:]$/, error._tag)
    }
    assert.isFalse(Errors.isDeployersError(new Error("other")))
  })

  it("carry the last log lines", () => {
    assert.include(samples[2]?.message, "Last log lines:\n  one\n  two")
  })

  it.effect("cross a process border and come back as the same class", () =>
    Effect.gen(function* () {
      const error = new Errors.DeploymentTimeout({ name: "a", operation: "delete", timeoutMillis: 5, logs: ["x"] })
      const back = yield* Schema.decodeUnknown(Errors.DeploymentTimeout)(
        JSON.parse(JSON.stringify(yield* Schema.encode(Errors.DeploymentTimeout)(error)))
      )
      assert.instanceOf(back, Errors.DeploymentTimeout)
      assert.deepStrictEqual({ ...back }, { ...error })
    })
  )

  it("take recovery.mode and restartPolicy for restart", () => {
    const merged = (...layers: ReadonlyArray<Record<string, unknown>>) => Settings.merge(...layers)
    assert.deepStrictEqual(merged({ recovery: { mode: "never", maxRestarts: 2 } }), {
      recovery: { maxRestarts: 2 },
      restart: "never"
    })
    assert.deepStrictEqual(merged({ restartPolicy: "always", recovery: { mode: "never" } })["restart"], "never")
    assert.deepStrictEqual(merged({ restartPolicy: "no" }), { restart: "never" })
    assert.deepStrictEqual(merged({ restartPolicy: "unless-stopped" }), { restart: "always" })
    assert.deepStrictEqual(merged({ restartPolicy: { _tag: "onFailure", maximumRetryCount: 3 } }), {
      restart: "on-failure"
    })
    assert.deepStrictEqual(merged({ restart: "on-failure", restartPolicy: "always" }), { restart: "on-failure" })
    assert.deepStrictEqual(merged({ recovery: { mode: "never" } }, { restart: "always" })["restart"], "always")
    assert.deepStrictEqual(merged({ restartPolicy: "sometimes" }), { restartPolicy: "sometimes" })
    assert.deepStrictEqual(merged({ recovery: { mode: "now" } }), { recovery: { mode: "now" } })
    assert.isTrue(Either.isLeft(decode({ restart: "sometimes" })))
  })

  it("take the deprecated name lingerMillis for oldInstanceGraceMillis, in any layer", () => {
    const merged = (...layers: ReadonlyArray<Settings.DeploymentInput>) =>
      Settings.merge<Settings.DeploymentInput>(...layers)
    assert.deepStrictEqual(merged({ lingerMillis: 5 }), { oldInstanceGraceMillis: 5 })
    assert.deepStrictEqual(merged({ lingerMillis: 5 }, { oldInstanceGraceMillis: 7 }), { oldInstanceGraceMillis: 7 })
    assert.deepStrictEqual(merged({ oldInstanceGraceMillis: 7 }, { lingerMillis: 5 }), { oldInstanceGraceMillis: 5 })
    assert.deepStrictEqual(merged({ oldInstanceGraceMillis: 7, lingerMillis: 5 }), { oldInstanceGraceMillis: 7 })
    assert.isTrue(Either.isLeft(decode({ lingerMillis: -1 })))
  })

  it("take the deprecated name host for address, in any layer", () => {
    const merged = (...layers: ReadonlyArray<Readonly<Record<string, unknown>>>) => Settings.merge(...layers)
    assert.deepStrictEqual(merged({ host: "::" }), { address: "::" })
    assert.deepStrictEqual(merged({ host: "::" }, { address: "0.0.0.0" }), { address: "0.0.0.0" })
    assert.deepStrictEqual(merged({ address: "::" }, { host: "0.0.0.0" }), { address: "0.0.0.0" })
  })
})
