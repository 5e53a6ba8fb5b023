// The image service for real: deployed as a process and as a container, and called by a form, by the typed client and by the
// command.
import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { ConfigProvider, Effect, Layer, Redacted } from "effect"
import { Client, Deployer, File, Home, Snapshot } from "effect-deployers"
import { Input, Live, Output, runWith } from "effect-deployers/Cli"
import { Embedded } from "effect-deployers/Local"
import sharp from "sharp"
import { layerDocker } from "../test/Docker/DockerFixture.js"
import { image, NotAnImage, TooManyPixels } from "./image.js"

const key = "image-example-key-of-more-than-32-letters"

/** A red picture with a blue corner, wider than high. */
const picture = Effect.promise(() =>
  sharp({ create: { width: 400, height: 200, channels: 3, background: "red" } })
    .composite([{ input: { create: { width: 40, height: 40, channels: 3, background: "blue" } }, top: 0, left: 0 }])
    .png()
    .toBuffer()
)

const measured = (bytes: Uint8Array) =>
  Effect.map(
    Effect.promise(() => sharp(bytes).metadata()),
    ({ format, height, width }) => [format, width, height]
  )

const deployed = Effect.gen(function* () {
  const deployer = yield* Deployer.Deployer
  yield* Effect.addFinalizer(() => Effect.orDie(deployer.delete("images", { force: true })))
  const snapshot = yield* Snapshot.fromFile("examples/image.ts")
  return yield* deployer.provision(snapshot, { name: "images", authKey: Redacted.make(key) })
})

/** The form that a browser or curl sends. */
const post = (url: string, file: Blob, fields: Readonly<Record<string, string>> = {}) =>
  Effect.promise(async () => {
    const body = new FormData()
    body.append("picture", file, "a photo.png")
    for (const [name, value] of Object.entries(fields)) body.append(name, value)
    const response = await fetch(`${url}/invoke`, { method: "POST", body, headers: { authorization: `Bearer ${key}` } })
    return { response, bytes: new Uint8Array(await response.arrayBuffer()) }
  })

const failureIn = (bytes: Uint8Array): Record<string, unknown> => JSON.parse(new TextDecoder().decode(bytes))

const byForm = (url: string) =>
  Effect.gen(function* () {
    const png = new Blob([yield* picture], { type: "image/png" })
    const { bytes, response } = yield* post(url, png, { width: "100", format: "avif" })
    assert.deepStrictEqual([response.status, response.headers.get("content-type")], [200, "image/avif"])
    assert.include(response.headers.get("content-disposition") ?? "", 'filename="a photo.avif"')
    assert.deepStrictEqual(yield* measured(bytes), ["heif", 100, 50])
    const refusals = [
      [new Blob(["not a picture"], { type: "image/png" }), {}, 422, { _tag: "NotAnImage", error: undefined }],
      [png, { width: "5000" }, 400, { _tag: "InvalidRequest" }],
      [new Blob(["text"], { type: "text/plain" }), {}, 400, { _tag: "InvalidRequest" }],
      [new Blob([new Uint8Array(20_000_001)], { type: "image/png" }), {}, 413, { _tag: "PayloadTooLarge" }]
    ] as const
    for (const [file, fields, status, { _tag }] of refusals) {
      const refused = yield* post(url, file, fields)
      assert.deepStrictEqual([refused.response.status, failureIn(refused.bytes)["_tag"]], [status, _tag])
    }
  })

const byClient = Effect.gen(function* () {
  const { invoke } = Client.make(image, "images")
  const photo = yield* File.fromBytes(yield* picture, { name: "photo.png", contentType: "image/png" })
  const small = yield* invoke({ picture: photo, width: 64, height: 64, fit: "cover", format: "jpeg" })
  assert.deepStrictEqual([small.name, small.contentType], ["photo.jpeg", "image/jpeg"])
  assert.deepStrictEqual(yield* measured(yield* small.bytes), ["jpeg", 64, 64])
  const same = yield* invoke({ picture: photo, width: 4_000 })
  assert.deepStrictEqual(yield* measured(yield* same.bytes), ["webp", 400, 200])
  const half = yield* File.fromBytes((yield* picture).subarray(0, 300), { name: "half.png", contentType: "image/png" })
  assert.deepStrictEqual(yield* Effect.flip(invoke({ picture: half })), new NotAnImage({ file: "half.png" }))
  const claim = new TextEncoder().encode('<svg xmlns="http://www.w3.org/2000/svg" width="30000" height="30000"/>')
  const huge = yield* File.fromBytes(claim, { name: "huge.svg", contentType: "image/svg+xml" })
  const error = yield* Effect.flip(invoke({ picture: huge }))
  assert.deepStrictEqual(error, new TooManyPixels({ pixels: 900_000_000, maximum: 24_000_000 }))
})

const command = (home: string, ...args: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const output = Output.capture()
    const environment = Layer.mergeAll(output.layer, Input.layerTest({}), NodeContext.layer)
    const exitCode = yield* Effect.provide(runWith(args, { services: Live.services, doctor: Live.doctor }), environment)
    return { exitCode, stdout: yield* output.stdout, stderr: yield* output.stderr }
  }).pipe(Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["DEPLOYERS_HOME", home]]))))

const byCommand = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const folder = yield* fs.makeTempDirectoryScoped()
  const { root } = yield* Home.Home
  yield* fs.writeFile(`${folder}/photo.png`, yield* picture)
  const out = `${folder}/small.webp`
  const said = yield* command(
    root,
    "invoke",
    "images",
    "--picture",
    `@${folder}/photo.png`,
    "--width",
    "80",
    "--output",
    out
  )
  assert.deepStrictEqual([said.exitCode, said.stdout], [0, ""])
  assert.deepStrictEqual(yield* measured(yield* fs.readFile(out)), ["webp", 80, 40])
  yield* fs.writeFileString(`${folder}/notes.png`, "not a picture")
  const refused = yield* command(root, "invoke", "images", "--picture", `${folder}/notes.png`, "--json")
  assert.deepStrictEqual([refused.exitCode, JSON.parse(refused.stdout)._tag], [1, "DeploymentRunFailed"])
  assert.include(refused.stderr, '"notes.png" is not a picture')
})

const LocalLive = Layer.unwrapScoped(
  Effect.map(
    Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeTempDirectoryScoped({ prefix: "images-" })),
    (home) => Embedded.layer({ home })
  )
).pipe(Layer.provideMerge(NodeContext.layer))

const everyWay = Effect.gen(function* () {
  const { url = "" } = yield* deployed
  yield* byForm(url)
  yield* byClient
  yield* byCommand
})

layer(LocalLive, { excludeTestServices: true, timeout: "2 minutes" })("the image service, as a process", (it) => {
  it.scoped("answers a form, the typed client and the command", () => everyWay)
})

layer(layerDocker(), { excludeTestServices: true, timeout: "4 minutes" })("the image service, as a container", (it) => {
  it.scoped("answers a form, the typed client and the command", () => everyWay)
})
