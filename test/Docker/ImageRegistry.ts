/** A registry of images on this machine: the protocol of registries over HTTP, with the faults that they have. */
import { createHash } from "node:crypto"
import { createServer, type ServerResponse } from "node:http"
import { Effect } from "effect"

/** The fault of the next answers; none answers as a registry does. */
export type Fault =
  | { readonly _tag: "None" }
  | { readonly _tag: "Status"; readonly status: number }
  /** A layer breaks off once after half of its bytes. */
  | { readonly _tag: "Cut" }
  /** A layer has other bytes than its digest says. */
  | { readonly _tag: "WrongBytes" }
  /** A layer stops after half of its bytes, and its connection stays open. */
  | { readonly _tag: "Hang" }

interface Blob {
  readonly type: string
  readonly bytes: Buffer
}

const digestOf = (bytes: Buffer) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`

const mediaTypes = {
  manifest: "application/vnd.docker.distribution.manifest.v2+json",
  config: "application/vnd.docker.container.image.v1+json",
  layer: "application/vnd.docker.image.rootfs.diff.tar.gzip"
} as const

const fail = (response: ServerResponse, status: number) => {
  response.writeHead(status, { "content-type": "application/json" })
  response.end(JSON.stringify({ errors: [{ code: "FAULT", message: `the registry answers ${status}` }] }))
}

const halfOf = ({ bytes }: Blob) => bytes.subarray(0, Math.floor(bytes.length / 2))

/** Starts a registry at a port of its own, until the scope closes. */
export const scoped = Effect.gen(function* () {
  const blobs = new Map<string, Blob>()
  const tags = new Map<string, string>()
  const asked: Array<string> = []
  let fault: Fault = { _tag: "None" }
  let onHang = () => {}

  const sendLayer = (response: ServerResponse, blob: Blob) => {
    switch (fault._tag) {
      case "Cut":
        fault = { _tag: "None" }
        return void response.write(halfOf(blob), () => response.destroy())
      case "Hang":
        return void response.write(halfOf(blob), () => onHang())
      case "WrongBytes":
        return void response.end(Buffer.from(blob.bytes).fill("wrong", halfOf(blob).length))
      default:
        return void response.end(blob.bytes)
    }
  }

  const server = createServer((request, response) => {
    const [path = ""] = (request.url ?? "").split("?")
    asked.push(path)
    if (fault._tag === "Status") return fail(response, fault.status)
    const [, kind, ref = ""] = /^\/v2\/.+\/(manifests|blobs)\/([^/]+)$/.exec(path) ?? []
    if (kind === undefined) return void response.end("{}")
    const digest = kind === "manifests" ? (tags.get(ref) ?? ref) : ref
    const blob = blobs.get(digest)
    if (blob === undefined) return fail(response, 404)
    response.writeHead(200, {
      "content-type": blob.type,
      "content-length": blob.bytes.length,
      "docker-content-digest": digest
    })
    if (request.method === "HEAD") return void response.end()
    if (blob.type === mediaTypes.layer) return sendLayer(response, blob)
    response.end(blob.bytes)
  })
  const port = yield* Effect.acquireRelease(
    Effect.async<number>((resume) => {
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0))
      })
    }),
    () =>
      Effect.sync(() => {
        server.close()
        server.closeAllConnections()
      })
  )

  const put = (type: string, bytes: Buffer) => {
    const digest = digestOf(bytes)
    blobs.set(digest, { type, bytes })
    return { mediaType: type, size: bytes.length, digest }
  }

  return {
    repository: `127.0.0.1:${port}/base`,
    /** The paths that were asked for. */
    asked,
    /** Publishes an image of one layer under a tag, and returns the digest of its manifest. */
    publish: (tag: string, { config, layer }: { readonly config: object; readonly layer: Buffer }) => {
      const manifest = {
        schemaVersion: 2,
        mediaType: mediaTypes.manifest,
        config: put(mediaTypes.config, Buffer.from(JSON.stringify(config))),
        layers: [put(mediaTypes.layer, layer)]
      }
      const { digest } = put(mediaTypes.manifest, Buffer.from(JSON.stringify(manifest)))
      tags.set(tag, digest)
      return digest
    },
    break: (next: Fault) =>
      Effect.sync(() => {
        fault = next
      }),
    /** Waits until a layer hangs. */
    hangs: Effect.async<void>((resume) => {
      onHang = () => resume(Effect.void)
    })
  }
})
